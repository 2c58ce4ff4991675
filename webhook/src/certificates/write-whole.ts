// SPDX-License-Identifier: Apache-2.0
// Writes a file so that whoever reads it sees the old content or the new, whatever happens meanwhile, and
// so that nobody else may read it before its mode is right.

import { randomBytes } from 'node:crypto'
import { closeSync, constants, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

export function writeWhole(path: string, text: string, mode: number): void {
  const fresh = `${path}.${process.pid}.${randomBytes(6).toString('hex')}.new`
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
  const file = openSync(fresh, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, mode)
  try {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
    fsyncSync(file)
    renameSync(fresh, path)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
  // The name as well must be there after a power failure.
  const folder = openSync(dirname(path), 'r')
  fsyncSync(folder)
  closeSync(folder)
}
