// SPDX-License-Identifier: Apache-2.0
// One agent at a time: two would write each other's rows.
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
} from 'node:fs'
import { join } from 'node:path'
import { reasonOf, UnderpinError } from '../../runtime/src/index.ts'
import { tryLock } from './kernel/libbpf.ts'
import { requireBpffs } from './kernel/object.ts'
import { readState, type Places } from './state.ts'

/** One agent for these pins and this state folder; answers how to unlock. The locks go with the process, however it ends. */
export function lockPlaces({ pins, state }: Places): () => void {
  requireBpffs(pins)
  requireState(state)
  mkdirSync(pins, { recursive: true, mode: 0o700 })
  const held: number[] = []
  const unlock = () => {
    for (const fd of held) closeSync(fd)
    // Nothing came of it: an empty folder would look like something in force.
    if (existsSync(pins) && readdirSync(pins).length === 0) rmdirSync(pins)
  }
  for (const { path, flags } of [
    { path: join(state, 'lock'), flags: 'w' },
    { path: pins, flags: 'r' },
  ]) {
    const fd = openSync(path, flags, 0o600)
    held.push(fd)
    if (tryLock(fd)) continue
    unlock()
    const pid = readState(state)?.pid
    throw new UnderpinError('usage', {
      operation: 'start the agent',
      object: path === pins ? pins : state,
      found: `another agent${pid ? ` (process ${pid})` : ''}`,
      expected: 'one agent for these pins and this state folder',
      remedy: 'stop that one first, or give this one its own --state and --pins',
    })
  }
  return unlock
}

/** Told before anything is pinned: an agent without its state could not be asked for anything. */
function requireState(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK)
  } catch (cause) {
    throw new UnderpinError(
      'input-unreadable',
      {
        operation: 'start the agent',
        object: folder,
        found: reasonOf(cause),
        expected: 'a state folder that can be made and written',
        remedy: 'name another with --state DIR',
      },
      { cause },
    )
  }
}
