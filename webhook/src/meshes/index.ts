// SPDX-License-Identifier: Apache-2.0
// The meshes we know, in the order in which they are reported.

import { istio } from './istio.ts'
import { linkerd } from './linkerd.ts'
import type { Mesh } from './mesh.ts'

export const meshes: readonly Mesh[] = [istio, linkerd]

export function meshNamed(name: string): Mesh | null {
  return meshes.find((mesh) => mesh.name === name) ?? null
}
