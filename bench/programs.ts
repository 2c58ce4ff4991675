// SPDX-License-Identifier: Apache-2.0
// The small programs that are measured, compiled for this machine; a guest finds what the machine has made.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { findCompiler } from '../test/harness/compiler.ts'

const source = (name: string) => new URL(`programs/${name}.c`, import.meta.url).pathname
const made = (name: string) => new URL(`../.cache/bench-programs/${name}`, import.meta.url).pathname

/** Compiles `input` to `output`, in one piece whoever else does the same. */
export function compile(input: string, output: string, ...flags: string[]): void {
  mkdirSync(dirname(output), { recursive: true })
  const begun = `${output}.${process.pid}`
  const { status, stderr } = spawnSync(findCompiler() ?? 'cc', [...flags, '-o', begun, input], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`cannot compile ${input}: ${stderr}`)
  renameSync(begun, output)
}

/** Its path; made when it is missing or older than its source. */
export function measured(name: 'spawn' | 'open'): string {
  const [from, to] = [source(name), made(name)]
  if (!existsSync(to) || statSync(to).mtimeMs < statSync(from).mtimeMs)
    compile(from, to, '-O1', '-Wall')
  return to
}
