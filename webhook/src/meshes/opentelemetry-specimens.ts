// SPDX-License-Identifier: Apache-2.0
// Finished pods as the OpenTelemetry operator leaves them: otc-container beside the application, or as a native
// sidecar. And collectors.

import { app, podOf, type Manifest, type PodParts } from '../specimens.ts'

export const otcContainer: Manifest = {
  name: 'otc-container',
  image: 'ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector:0.158.0',
  args: ['--config=env:OTEL_CONFIG'],
  env: [{ name: 'OTEL_CONFIG', value: 'receivers: {}' }],
}

const marks = { 'sidecar.opentelemetry.io/injected': 'shop.traces' }
const asks = { 'sidecar.opentelemetry.io/inject': 'true' }

export function otelPod(parts: PodParts = {}): Manifest {
  return podOf({
    ...parts,
    annotations: { ...asks, ...parts.annotations },
    labels: { ...marks, ...parts.labels },
    containers: [...(parts.containers ?? [app]), otcContainer],
  })
}

export function otelNativePod(parts: PodParts = {}): Manifest {
  return podOf({
    ...parts,
    annotations: { ...asks, ...parts.annotations },
    labels: { ...marks, ...parts.labels },
    initContainers: [...(parts.initContainers ?? []), { ...otcContainer, restartPolicy: 'Always' }],
  })
}

export function collectorOf(name: string, mode: string | null, namespace = 'shop'): Manifest {
  return {
    apiVersion: 'opentelemetry.io/v1beta1',
    kind: 'OpenTelemetryCollector',
    metadata: { name, namespace },
    spec: { config: {}, ...(mode === null ? {} : { mode }) },
  }
}
