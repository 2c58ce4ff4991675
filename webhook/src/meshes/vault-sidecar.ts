// SPDX-License-Identifier: Apache-2.0
// The finished pod: is its vault-agent the one that the injector adds? And what a manifest's annotations will make of it.
// hashicorp/vault-k8s agent-inject/agent/container_sidecar.go ContainerSidecar, agent.go Patch (0.10 to 1.7).

import { staysUp, type Container } from '../containers.ts'
import { isTrue } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { parsesTrue } from '../go-bool.ts'
import { annotationPath, oneLine } from './annotation-rules.ts'
import type { MeshInput } from './mesh.ts'
import {
  capturesNothing,
  notReal,
  presenceForesight,
  replacedImage,
  runsForeignImage,
  sharesProcesses,
} from './presence.ts'
import { sound, type Rule } from './rule.ts'
import {
  agentImage,
  fetchesOnly,
  isVaultImage,
  shareProcesses,
  vaultPresence,
  vaultSidecars,
} from './vault-parts.ts'
import type { VaultSettings } from './vault-settings.ts'

type Input = MeshInput<VaultSettings>

const { source } = vaultPresence

const sharedByAnnotation: Rule<VaultSettings> = sound(
  'Do annotations leave the processes of the agent hidden from the other containers?',
  'hashicorp/vault-k8s agent-inject/agent/agent.go Patch (ShareProcessNamespace), 0.14 to 1.7',
  ({ subject }) => {
    const value = subject.pod.annotations.get(shareProcesses)
    if (!parsesTrue(value) || isTrue(subject.pod.spec, 'shareProcessNamespace')) return []
    const message = `the annotation ${shareProcesses} is "${value ?? ''}": containers can signal the agent and read its files and keys`
    return [
      { id: 'share-process-namespace', path: annotationPath(subject, shareProcesses), message },
    ]
  },
)

export const vaultVerification: readonly Rule<VaultSettings>[] = [
  sound(
    'Does a container of the agent stay up with the pod, if one should?',
    source,
    ({ subject }) =>
      vaultSidecars(subject).some(staysUp) || fetchesOnly(subject)
        ? []
        : vaultSidecars(subject).flatMap((one) =>
            notReal(one, 'name', "has the agent's name and does not stay up with the pod"),
          ),
  ),
  sound('Is the agent the one of the injector, by image and program?', source, (input) =>
    vaultSidecars(input.subject)
      .filter((one) => staysUp(one) || fetchesOnly(input.subject))
      .slice(0, 1)
      .flatMap((one) => foreign(one, input)),
  ),
  sharedByAnnotation,
  sharesProcesses(vaultPresence),
  capturesNothing(vaultPresence),
]

export const vaultForesight: readonly Rule<VaultSettings>[] = [
  sound(
    'Is the image of the agent left to the injector?',
    'hashicorp/vault-k8s agent-inject/agent/annotations.go AnnotationAgentImage, 0.10 to 1.7',
    otherImage,
  ),
  sharedByAnnotation,
  ...presenceForesight(vaultPresence),
]

function otherImage({ subject, settings }: Input): Hit[] {
  const isOwn = (image: string) => isVaultImage(image, settings)
  return replacedImage(subject, { key: agentImage, title: 'Vault', isOwn })
}

/** The injected one is a line of shell; by hand it may be the program itself. */
function foreign(one: Container, input: Input): Hit[] {
  if (!isVaultImage(one.image, input.settings)) {
    const replaced = otherImage(input)
    return replaced.length > 0 ? replaced : runsForeignImage(one, 'Vault')
  }
  const line = [...one.command, ...one.args].join(' ')
  if (/(^|[\s/])(vault )?agent(\s|$)/.test(line)) return []
  const place = one.args.length > 0 ? 'args' : 'command'
  return notReal(one, place, `starts "${oneLine(line)}" and not the agent`)
}
