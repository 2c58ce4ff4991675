// SPDX-License-Identifier: Apache-2.0
// What Consul's injector adds: names, images, users and ports of its containers; keys of its annotations.
// hashicorp/consul-k8s control-plane/connect-inject/webhook/{consul_dataplane_sidecar,container_init}.go and
// connect-inject/constants/annotations_and_labels.go (1.0 to 2.0; older ones have no consul-dataplane).

import type { Container } from '../containers.ts'
import { imageFrom } from '../image.ts'
import type { Subject } from '../subject.ts'
import type { ConsulSettings } from './consul-settings.ts'

const own = 'consul.hashicorp.com'
export const inject = `${own}/connect-inject`
export const status = `${own}/connect-inject-status`
export const transparent = `${own}/transparent-proxy`
export const transparentStatus = `${own}/transparent-proxy-status`
export const redirectConfig = `${own}/redirect-traffic-config`
export const services = `${own}/connect-service`

/** Of the proxy, and of the init container, which is left alone as well. */
export const usualUser = 5995
export const initUser = 5996

const sidecar = 'consul-dataplane'
const init = 'consul-connect-inject-init'

const registries = [
  'docker.io/hashicorp',
  'public.ecr.aws/hashicorp',
  'registry.connect.redhat.com/hashicorp',
]
const repositories = registries.flatMap((one) => [
  `${one}/consul-dataplane`,
  `${one}/consul-k8s-control-plane`,
])

export function isConsulImage({ image }: { image: string }, settings: ConsulSettings): boolean {
  return imageFrom(image, [...repositories, ...(settings.images ?? [])])
}

/** With several services in one pod, each has a sidecar and an init container of its own. */
function named(base: string, { pod }: Subject): (one: Container) => boolean {
  const several = (pod.annotations.get(services) ?? '').split(',')
  const names =
    several.length > 1 ? [base, ...several.map((one) => `${base}-${one.trim()}`)] : [base]
  return ({ name }) => names.includes(name)
}

export function consulSidecars(subject: Subject): Container[] {
  return subject.pod.containers.filter(named(sidecar, subject))
}

export function consulInits(subject: Subject): Container[] {
  const isNamed = named(init, subject)
  return subject.pod.containers.filter((one) => one.kind === 'init' && isNamed(one))
}

export function isConsulName(subject: Subject): (one: Container) => boolean {
  const [isSidecar, isInit] = [named(sidecar, subject), named(init, subject)]
  return (one) => isSidecar(one) || isInit(one)
}

/** Health, metrics, and the stand-ins for probes of the first containers. */
export const reservedPorts: ReadonlySet<number> = new Set([
  20200,
  21000,
  ...[20300, 20400, 20500].flatMap((first) => Array.from({ length: 10 }, (_, at) => first + at)),
])
