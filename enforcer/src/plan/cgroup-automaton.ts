// SPDX-License-Identifier: Apache-2.0
// Patterns of cgroup paths as parts of an automaton: `*` stays within a component, `**` is any number of components.
import { parseCgroupPattern, type Component } from '../../../policies/src/index.ts'
import { text, type Part } from './automaton.ts'

const slash = '/'.charCodeAt(0)
const notSlash: Part = {
  bytes: Uint8Array.from({ length: 255 }, (_, i) => i + 1).filter((b) => b !== slash),
}

function component(part: Component): Part {
  if (part.kind === 'depth')
    return { repeat: { sequence: [text('/'), notSlash, { repeat: notSlash }] } }
  return {
    sequence: [
      text('/'),
      ...part.text
        .split('*')
        .flatMap((piece, i) => (i === 0 ? [text(piece)] : [{ repeat: notSlash }, text(piece)])),
    ],
  }
}

export function cgroupPart(pattern: string): Part {
  return { sequence: parseCgroupPattern(pattern).map(component) }
}
