// SPDX-License-Identifier: Apache-2.0
// The program that makes the attempts, compiled for this machine: once for each version of its sources; a guest finds what
// the machine has made.
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { compiler } from '../../harness/compiler.ts'
import { compile } from '../image.ts'

const own = new URL('programs', import.meta.url).pathname
const shared = new URL('../programs', import.meta.url).pathname
const cache = new URL('../../../.cache/attempts', import.meta.url).pathname

/** Its path. */
export function makeProgram(): string {
  const files = [
    ...fs.readdirSync(own).map((name) => join(own, name)),
    ...['attempt.c', 'attempt.h'].map((name) => join(shared, name)),
  ].sort()
  const hash = createHash('sha256')
  for (const file of files) hash.update(fs.readFileSync(file))
  const path = join(cache, `network-${hash.digest('hex').slice(0, 16)}`)
  if (fs.existsSync(path)) return path
  const sources = files.filter((file) => file.endsWith('.c'))
  compile(compiler(), `${path}.${process.pid}`, sources, '-static')
  fs.renameSync(`${path}.${process.pid}`, path)
  return path
}
