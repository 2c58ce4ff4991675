// SPDX-License-Identifier: Apache-2.0
// One process at a time, by making a folder: that works on every file system, and only one can.
// Who died while holding it is found out by the age of the folder.

import { mkdirSync, renameSync, rmdirSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { UnderpinError } from '../../../runtime/src/index.ts'

/** Making a key takes a second at most, some more on a machine that is busy. */
const deadAfterMs = 20_000
const patienceMs = 30_000
const everyMs = 20

export async function locked<T>(path: string, work: () => Promise<T>): Promise<T> {
  const until = Date.now() + patienceMs
  while (!take(path)) {
    clear(path)
    if (Date.now() > until) {
      throw new UnderpinError('certificate-failed', {
        operation: 'lock folder of certificates',
        object: path,
        found: 'that another webhook has held it all the time',
        expected: `it to be free within ${patienceMs / 1000} s`,
        remedy: 'remove the folder if nobody uses it',
      })
    }
    await sleep(everyMs)
  }
  try {
    return await work()
  } finally {
    rmdirSync(path)
  }
}

function take(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Takes away the lock of one who died. */
function clear(path: string): void {
  const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
  if (age < deadAfterMs) return
  const aside = `${path}.${process.pid}`
  try {
    // Only one can rename it.
    renameSync(path, aside)
    rmdirSync(aside)
  } catch {
    // another one was faster
  }
}
