// SPDX-License-Identifier: Apache-2.0
// Finished pods as the Vault agent injector leaves them: the agent beside the application, or the init container alone.

import { app, podOf, type Manifest, type PodParts } from '../specimens.ts'

const own = 'vault.hashicorp.com'

export const vaultAgent: Manifest = {
  name: 'vault-agent',
  image: 'hashicorp/vault:1.21.2',
  command: ['/bin/sh', '-ec'],
  args: [
    'echo ${VAULT_CONFIG?} | base64 -d > /home/vault/config.json && vault agent -config=/home/vault/config.json',
  ],
  securityContext: { runAsUser: 100, runAsGroup: 1000, capabilities: { drop: ['ALL'] } },
}

export const vaultInit: Manifest = { ...vaultAgent, name: 'vault-agent-init' }

export const vaultNotes = { [`${own}/agent-inject`]: 'true', [`${own}/role`]: 'cart' }

const done = { ...vaultNotes, [`${own}/agent-inject-status`]: 'injected' }

export function vaultPod(parts: PodParts = {}): Manifest {
  return podOf({
    ...parts,
    annotations: { ...done, ...parts.annotations },
    containers: [...(parts.containers ?? [app]), vaultAgent],
    initContainers: [...(parts.initContainers ?? []), vaultInit],
  })
}

export function vaultInitPod(parts: PodParts = {}): Manifest {
  return podOf({
    ...parts,
    annotations: { ...done, [`${own}/agent-pre-populate-only`]: 'true', ...parts.annotations },
    initContainers: [...(parts.initContainers ?? []), vaultInit],
  })
}
