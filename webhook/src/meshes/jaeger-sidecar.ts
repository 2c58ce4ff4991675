// SPDX-License-Identifier: Apache-2.0
// The finished pod: is its jaeger-agent the one that the operator adds to Deployments?
// jaegertracing/jaeger-operator pkg/inject/sidecar.go container, CleanSidecar (1.31 to 1.65).

import type { Container } from '../containers.ts'
import type { Hit } from '../finding.ts'
import { injected, isJaegerImage, jaegerPresence, jaegerSidecars } from './jaeger-parts.ts'
import { unwanted } from './jaeger-rules.ts'
import type { JaegerSettings } from './jaeger-settings.ts'
import type { MeshInput } from './mesh.ts'
import {
  capturesNothing,
  notReal,
  ofSidecar,
  runsForeignImage,
  sharesProcesses,
  willCaptureNothing,
} from './presence.ts'
import { sound, type Rule } from './rule.ts'
import { oneStaysUp } from './usual-rules.ts'

type Input = MeshInput<JaegerSettings>

const { source } = jaegerPresence

export const jaegerVerification: readonly Rule<JaegerSettings>[] = [
  sound(
    'Does the operator leave a sidecar alone that the manifest brings along?',
    'jaegertracing/jaeger-operator pkg/inject/sidecar.go CleanSidecar, 1.31 to 1.65',
    (input) => {
      const { subject } = input
      const brought = jaegerSidecars(subject)[0]
      // Only one that the operator added itself, as its label tells.
      if (subject.kind !== 'Deployment' || !subject.labels.has(injected)) return []
      const said = unwanted(input)
      if (said === null || brought === undefined) return []
      const message = 'the operator takes the container "jaeger-agent" out again'
      return [said, { id: 'sidecar-stripped', path: `${brought.path}.name`, message }]
    },
  ),
  oneStaysUp(jaegerSidecars, source),
  sound('Is the sidecar an agent of Jaeger, by image and command?', source, (input) =>
    ofSidecar(input, jaegerPresence, (one) => foreign(one, input)),
  ),
  sharesProcesses(jaegerPresence),
  capturesNothing(jaegerPresence),
]

export const jaegerForesight: readonly Rule<JaegerSettings>[] = [
  sharesProcesses(jaegerPresence),
  willCaptureNothing(jaegerPresence),
]

function foreign(one: Container, { settings }: Input): Hit[] {
  if (!isJaegerImage(one.image, settings)) return runsForeignImage(one, 'Jaeger')
  return one.command.length > 0 ? notReal(one, 'command', 'has a command of its own') : []
}
