// SPDX-License-Identifier: Apache-2.0
// The finished pod: is its daprd the one that Dapr injects? And what will keep it from being so in a manifest.
// dapr/dapr pkg/injector/patcher/sidecar_container.go getSidecarContainer, pkg/injector/annotations (1.8 to 1.18).

import type { Container } from '../containers.ts'
import type { Hit } from '../finding.ts'
import { annotationPath, oneLine } from './annotation-rules.ts'
import { daprPresence, daprSidecars, isDaprImage, sidecarImage } from './dapr-parts.ts'
import { isOfKnownController } from './dapr-requester.ts'
import type { DaprSettings } from './dapr-settings.ts'
import type { MeshInput } from './mesh.ts'
import {
  capturesNothing,
  notReal,
  ofSidecar,
  presenceForesight,
  replacedImage,
  runsForeignImage,
  sharesProcesses,
} from './presence.ts'
import { sound, type Rule } from './rule.ts'
import { oneStaysUp } from './usual-rules.ts'

type Input = MeshInput<DaprSettings>

const { source } = daprPresence
const native = 'dapr.io/enable-native-sidecar'

const staysNative: Rule<DaprSettings> = sound(
  'Does the pod leave it open whether daprd is a native sidecar?',
  'dapr/dapr pkg/injector/patcher/sidecar_patcher.go GetPatch, 1.18',
  ({ subject }) => {
    const value = subject.pod.annotations.get(native)?.trim().toLowerCase()
    if (value === undefined || ['y', 'yes', 'true', 't', 'on', '1'].includes(value)) return []
    const message = `the annotation ${native} is "${oneLine(value)}": init containers and the last moments of the pod have no daprd`
    return [{ id: 'native-sidecar-optout', path: annotationPath(subject, native), message }]
  },
)

export const daprVerification: readonly Rule<DaprSettings>[] = [
  oneStaysUp(daprSidecars, source),
  sound('Is the sidecar the one that Dapr injects, by image and program?', source, (input) =>
    ofSidecar(input, daprPresence, (one) => foreign(one, input)),
  ),
  staysNative,
  sharesProcesses(daprPresence),
  capturesNothing(daprPresence),
]

export const daprForesight: readonly Rule<DaprSettings>[] = [
  sound(
    'Is the image of the sidecar left to the injector?',
    'dapr/dapr pkg/injector/patcher/sidecar.go SidecarImage, 1.8 to 1.18',
    otherImage,
  ),
  sound(
    'Is the pod made by a controller whose pods get the sidecar?',
    'dapr/dapr pkg/injector/service/injector.go AllowedServiceAccountInfos, 1.8 to 1.18',
    ({ subject, requester }) => {
      const told = requester !== null && subject.kind === 'Pod'
      if (told || isOfKnownController(subject)) return []
      const path = subject.pod.prefix === '' ? 'kind' : `${subject.pod.prefix}spec`
      const made = subject.kind === 'Pod' ? 'this Pod' : `the pods of this ${subject.kind}`
      const message = `who creates ${made} must be an account that the injector knows, else it gets no sidecar`
      return [{ id: 'dapr-requester-not-allowed', path, message, effect: 'risk' }]
    },
  ),
  staysNative,
  ...presenceForesight(daprPresence),
]

function otherImage({ subject, settings }: Input): Hit[] {
  const isOwn = (image: string) => isDaprImage(image, settings)
  return replacedImage(subject, { key: sidecarImage, title: 'Dapr', isOwn })
}

/** Started directly, or by the debugger that an annotation asks for. */
const programs = ['/daprd', './daprd', 'daprd', '/dlv']

function foreign(one: Container, input: Input): Hit[] {
  if (!isDaprImage(one.image, input.settings)) {
    const replaced = otherImage(input)
    return replaced.length > 0 ? replaced : runsForeignImage(one, 'Dapr')
  }
  const [program = ''] = [...one.command, ...one.args]
  if (programs.includes(program)) return []
  const place = one.command.length > 0 ? 'command' : 'args'
  return notReal(one, place, `starts "${oneLine(program)}" and not "/daprd"`)
}

/** Both gates say yes, and it is bare: who made the pod is the likelier reason. */
export function daprMissed({ subject, requester }: Input): Hit | null {
  if (requester !== null || isOfKnownController(subject)) return null
  const message =
    'the pod asks for the sidecar and has none: no controller that the injector knows has made it'
  return { id: 'dapr-requester-not-allowed', path: 'metadata.ownerReferences', message }
}
