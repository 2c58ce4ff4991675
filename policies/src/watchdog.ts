// SPDX-License-Identifier: Apache-2.0
// Runs a piece of our own code and stops it when it takes too long, whatever it is doing: the last line against
// expressions whose cost was misjudged. A run costs 30–90 µs, so it is kept for those that do much.
import { createContext, Script } from 'node:vm'

const box = createContext({ job: undefined as (() => unknown) | undefined })
const script = new Script('job()')

/** Throws an error with the code ERR_SCRIPT_EXECUTION_TIMEOUT when the time is over. */
export function within<T>(milliseconds: number, job: () => T): T {
  box.job = job
  try {
    return script.runInContext(box, { timeout: milliseconds }) as T
  } finally {
    box.job = undefined
  }
}
