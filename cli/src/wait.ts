// SPDX-License-Identifier: Apache-2.0
// Waiting until something is so, for a bounded time.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Arguments, Option } from './command.ts'
import { usage } from './command.ts'

const everyMs = 50
const usualSeconds = 15

export const waitOption = (help: string): Option => ({
  name: 'wait',
  value: 'SECONDS',
  optional: true,
  help,
})

/** undefined: not asked for. */
export function secondsOf(args: Arguments, option: string, command: string): number | undefined {
  if (!args.has(option)) return undefined
  const text = args.value(option)
  if (text === undefined) return usualSeconds
  const seconds = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && seconds <= 86_400) return seconds
  throw usage(
    `--${option}=${text}`,
    'seconds from 0 to 86400',
    `for example --${option}=10`,
    command,
  )
}

/** The first answer that is not null, or null when the time is over. */
export async function waitFor<T>(
  seconds: number,
  look: () => Promise<T | null> | T | null,
): Promise<T | null> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const found = await look()
    if (found !== null || performance.now() >= end) return found
    await sleep(everyMs)
  }
}
