// SPDX-License-Identifier: Apache-2.0
// The names that a CoveragePolicy may use: every mesh of this build, profiles of the user's own, and every finding.
import type { KnownNames } from '../../policies/src/index.ts'
import { catalogue, meshes } from '../../webhook/src/index.ts'

export function knownNames(profiles: readonly { name: string }[] = []): KnownNames {
  return {
    meshes: [...new Set([...meshes, ...profiles].map(({ name }) => name))],
    findings: Object.keys(catalogue),
  }
}
