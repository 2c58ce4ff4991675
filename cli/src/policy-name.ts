// SPDX-License-Identifier: Apache-2.0
// Which policy is meant: its key, namespace/name, or its name alone where only one policy has it.
import { usage } from './command.ts'
import { nearestOf } from './nearest.ts'

export function named(word: string, keys: readonly string[], command: string): string {
  const matching = keys.filter((key) => key === word || key.endsWith(`/${word}`))
  const exact = matching.find((key) => key === word)
  if (exact !== undefined) return exact
  const [only] = matching
  if (only !== undefined && matching.length === 1) return only
  if (matching.length > 1)
    throw usage(
      `"${word}", which ${matching.length} policies are called`,
      'one policy',
      `write ${matching.join(' or ')}`,
      command,
    )
  const meant = nearestOf(word, keys)
  throw usage(
    `no policy "${word}"`,
    keys.length > 0 ? `one of ${keys.join(', ')}` : 'a loaded policy, and there is none',
    meant ? `did you mean ${meant}?` : 'underpin status lists them',
    command,
  )
}
