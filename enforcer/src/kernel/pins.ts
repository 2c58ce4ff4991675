// SPDX-License-Identifier: Apache-2.0
// The pins under bpffs: while they are there, everything stays in force. Taking them away needs bpffs and nothing else,
// no agent, no library and no BPF object.
import { existsSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

export function removePins(folder: string): void {
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) unlinkSync(join(folder, name))
  rmdirSync(folder)
}

/** Detaches and removes everything. Needs bpffs only; answers how many pins there were. */
export function disarm(pins: string): number {
  if (!existsSync(pins)) return 0
  let count = 0
  for (const folder of [
    'links',
    'links-new',
    'links-old',
    'programs',
    'programs-new',
    'maps',
    'flows',
  ]) {
    const at = join(pins, folder)
    if (!existsSync(at)) continue
    count += readdirSync(at).length
    removePins(at)
  }
  // Only when nothing else lies there: a wrong --pins must not cost anybody else's.
  if (readdirSync(pins).length === 0) rmdirSync(pins)
  return count
}
