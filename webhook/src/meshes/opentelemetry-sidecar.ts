// SPDX-License-Identifier: Apache-2.0
// The finished pod: is its otc-container the collector that the operator adds? Why it is bare when it should not be.
// open-telemetry/opentelemetry-operator internal/manifests/collector/container.go, internal/webhook/podmutation (0.60 to 0.158).

import { knows } from '../cluster-objects.ts'
import type { Container } from '../containers.ts'
import type { Hit } from '../finding.ts'
import type { MeshInput } from './mesh.ts'
import {
  isCollectorImage,
  openTelemetryPresence,
  openTelemetrySidecars,
} from './opentelemetry-parts.ts'
import { refusal } from './opentelemetry-rules.ts'
import type { OpenTelemetrySettings } from './opentelemetry-settings.ts'
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

type Input = MeshInput<OpenTelemetrySettings>

const { source } = openTelemetryPresence

export const openTelemetryVerification: readonly Rule<OpenTelemetrySettings>[] = [
  leavesAlone(
    openTelemetryPresence,
    'open-telemetry/opentelemetry-operator pkg/sidecar/pod.go remove, 0.60 to 0.158',
    refusal,
  ),
  oneStaysUp(openTelemetrySidecars, source),
  sound('Is the sidecar a collector, by image and arguments?', source, (input) =>
    ofSidecar(input, openTelemetryPresence, (one) => foreign(one, input)),
  ),
  sharesProcesses(openTelemetryPresence),
  capturesNothing(openTelemetryPresence),
]

export const openTelemetryForesight = presenceForesight(openTelemetryPresence)

function foreign(one: Container, { settings }: Input): Hit[] {
  if (!isCollectorImage(one.image, settings)) return runsForeignImage(one, 'OpenTelemetry')
  if (one.command.length > 0) return notReal(one, 'command', 'has a command of its own')
  const told = one.args.some((arg) => /^--config(=|$)/.test(arg))
  return told ? [] : notReal(one, 'args', 'is not told a configuration')
}

/** Both gates say yes, and it is bare: the operator lets every pod pass that it could not change. */
export function openTelemetryMissed({ subject, objects }: Input): Hit {
  const path = `${subject.pod.prefix}spec.containers`
  return knows(objects, 'OpenTelemetryCollector')
    ? {
        id: 'otel-error-fail-open',
        path,
        message:
          'a collector for the pod is there, and it has no sidecar: the operator failed and let it pass',
      }
    : {
        id: 'otel-instance-unresolved',
        path,
        message:
          'the sidecar was asked for and is not there: no collector answered to the annotation',
      }
}
