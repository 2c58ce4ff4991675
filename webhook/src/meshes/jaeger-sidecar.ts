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
  leavesAlone,
  notReal,
  ofSidecar,
  presenceForesight,
  runsForeignImage,
  sharesProcesses,
} from './presence.ts'
import { sound, type Rule } from './rule.ts'
import { oneStaysUp } from './usual-rules.ts'

type Input = MeshInput<JaegerSettings>

const { source } = jaegerPresence

export const jaegerVerification: readonly Rule<JaegerSettings>[] = [
  leavesAlone(
    jaegerPresence,
    'jaegertracing/jaeger-operator pkg/inject/sidecar.go CleanSidecar, 1.31 to 1.65',
    (input) => {
      const { kind, labels } = input.subject
      // Only one that the operator added itself, as its label tells.
      return kind === 'Deployment' && labels.has(injected) ? unwanted(input) : null
    },
  ),
  oneStaysUp(jaegerSidecars, source),
  sound('Is the sidecar an agent of Jaeger, by image and command?', source, (input) =>
    ofSidecar(input, jaegerPresence, (one) => foreign(one, input)),
  ),
  sharesProcesses(jaegerPresence),
  capturesNothing(jaegerPresence),
]

export const jaegerForesight = presenceForesight(jaegerPresence)

function foreign(one: Container, { settings }: Input): Hit[] {
  if (!isJaegerImage(one.image, settings)) return runsForeignImage(one, 'Jaeger')
  return one.command.length > 0 ? notReal(one, 'command', 'has a command of its own') : []
}
