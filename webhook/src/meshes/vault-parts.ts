// SPDX-License-Identifier: Apache-2.0
// What the Vault agent injector adds: its containers, the images that they may run, keys of its annotations.
// hashicorp/vault-k8s agent-inject/agent/{annotations,container_sidecar,container_init_sidecar}.go (0.10 to 1.7).

import { staysUp, type Container } from '../containers.ts'
import { parsesTrue } from '../go-bool.ts'
import { imageFrom } from '../image.ts'
import type { Subject } from '../subject.ts'
import type { Presence } from './presence.ts'
import type { VaultSettings } from './vault-settings.ts'

export const own = 'vault.hashicorp.com'
export const inject = `${own}/agent-inject`
export const status = `${own}/agent-inject-status`
export const agentImage = `${own}/agent-image`
export const shareProcesses = `${own}/agent-share-process-namespace`
const prePopulateOnly = `${own}/agent-pre-populate-only`

const registries = ['docker.io', 'public.ecr.aws', 'registry.connect.redhat.com']
const repositories = [
  'docker.io/library/vault',
  ...registries.flatMap((one) => [`${one}/hashicorp/vault`, `${one}/hashicorp/vault-enterprise`]),
]

export function isVaultImage(image: string, settings: VaultSettings): boolean {
  return imageFrom(image, [...repositories, ...(settings.images ?? [])])
}

/** Only the secrets are fetched, before the application starts, and nothing stays. */
export function fetchesOnly({ pod }: Subject): boolean {
  return parsesTrue(pod.annotations.get(prePopulateOnly))
}

export function vaultSidecars(subject: Subject): Container[] {
  const agents = subject.pod.containers.filter((one) => one.name === 'vault-agent')
  const inits = subject.pod.containers.filter(
    (one) => one.name === 'vault-agent-init' && !staysUp(one),
  )
  const left = agents.filter(({ kind }) => kind !== 'ephemeral')
  return left.length === 0 && fetchesOnly(subject) ? inits : left
}

export const vaultPresence: Presence<VaultSettings> = {
  title: 'Vault',
  source: 'hashicorp/vault-k8s agent-inject/agent/container_sidecar.go, 0.10 to 1.7',
  sidecars: vaultSidecars,
  own: (one, settings) =>
    ['vault-agent', 'vault-agent-init'].includes(one.name) &&
    one.kind !== 'ephemeral' &&
    isVaultImage(one.image, settings),
}
