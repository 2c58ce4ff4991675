// SPDX-License-Identifier: Apache-2.0
// What the App Mesh controller adds: names, images, user and group of its containers; keys that it reads.
// aws/aws-app-mesh-controller-for-k8s pkg/inject/{constants,config,proxy,init_proxy,sidecar_builder}.go (1.4 to 1.13).

import type { Container } from '../containers.ts'
import { imageFrom, repositoryOf } from '../image.ts'
import type { Subject } from '../subject.ts'
import type { AppMeshSettings } from './app-mesh-settings.ts'

const own = 'appmesh.k8s.aws'
export const inject = `${own}/sidecarInjectorWebhook`
export const cniKey = `${own}/appmeshCNI`
export const fargate = 'eks.amazonaws.com/fargate-profile'

/** User and group that the redirect leaves alone. */
export const usualUser = 1337

export const appMeshNames: readonly string[] = [
  'envoy',
  'proxyinit',
  'xray-daemon',
  'inject-jaeger-config',
]

const repositories = ['aws-appmesh-envoy', 'aws-appmesh-proxy-route-manager']
const publicly = repositories.map((name) => `public.ecr.aws/appmesh/${name}`)
/** Registries of the releases belong to these accounts, one for most regions. */
const accounts = [
  '840364872350',
  '772975370895',
  '856666278305',
  '924023996002',
  '422531588944',
  '909464085924',
]
const regional = new RegExp(
  `^(${accounts.join('|')})\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com/(${repositories.join('|')})$`,
)

export function isAppMeshImage({ image }: { image: string }, settings: AppMeshSettings): boolean {
  const known = [...publicly, 'public.ecr.aws/xray/aws-xray-daemon', ...(settings.images ?? [])]
  return imageFrom(image, known) || regional.test(repositoryOf(image))
}

/** The controller tells the proxy which node or gateway of the mesh it is. */
export function isTold({ env }: Container): boolean {
  return ['APPMESH_VIRTUAL_NODE_NAME', 'APPMESH_RESOURCE_ARN'].some((key) => env.has(key))
}

export function isAppMeshOwn(one: Container, settings: AppMeshSettings): boolean {
  return (
    appMeshNames.includes(one.name) &&
    one.kind !== 'ephemeral' &&
    isAppMeshImage(one, settings) &&
    (one.name !== 'envoy' || isTold(one))
  )
}

/** The proxy alone, and not yet told who it is: what a gateway looks like in a manifest. */
export function isGatewayManifest({ pod }: Subject, settings: AppMeshSettings): boolean {
  return pod.containers.every((one) => one.name === 'envoy' && isAppMeshImage(one, settings))
}

/** Others call a container "envoy" as well: something else must speak of this mesh. */
export function appMeshSidecars({ pod }: Subject): Container[] {
  const set = pod.containers.some(({ name }) => name === 'proxyinit')
  return pod.containers.filter(
    (one) => one.name === 'envoy' && (set || isTold(one) || one.image.includes('appmesh')),
  )
}

/** The proxy of a gateway: nothing beside it is to be captured. */
export function isGateway(proxy: Container): boolean {
  const told = proxy.env.get('APPMESH_VIRTUAL_NODE_NAME') ?? proxy.env.get('APPMESH_RESOURCE_ARN')
  return told?.includes('/virtualGateway/') === true || told?.includes(':virtualGateway/') === true
}
