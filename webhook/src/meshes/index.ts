// SPDX-License-Identifier: Apache-2.0
// The meshes we know, in the order in which they are reported.

import { appMesh } from './app-mesh.ts'
import { consul } from './consul.ts'
import { dapr } from './dapr.ts'
import { istioAmbient } from './istio-ambient.ts'
import { istio } from './istio.ts'
import { jaeger } from './jaeger.ts'
import { kuma } from './kuma.ts'
import { linkerd } from './linkerd.ts'
import type { Mesh } from './mesh.ts'
import { openTelemetry } from './opentelemetry.ts'
import { osm } from './osm.ts'
import { vault } from './vault.ts'

export const meshes: readonly Mesh[] = [
  istio,
  istioAmbient,
  linkerd,
  kuma,
  consul,
  osm,
  appMesh,
  dapr,
  openTelemetry,
  vault,
  jaeger,
]

/** A mesh of ours, or one of the user's own profiles. */
export function meshNamed(name: string, profiles: readonly Mesh[] = []): Mesh | null {
  return [...meshes, ...profiles].find((mesh) => mesh.name === name) ?? null
}
