// SPDX-License-Identifier: Apache-2.0
// Compiles parsers of the kernel side for user space, by the compiler that builds the programs.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findCompiler } from '../harness/compiler.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** What the compiler says when it refuses; null: `program` is there. */
export function compileForUser(
  source: string,
  program: string,
  flags: readonly string[],
): string | null {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  const common = ['-g', '-Wall', '-Werror', '-Wno-unused-function', '-I', `${folder}user`]
  const args = [
    ...flags,
    ...common,
    `-I/usr/include/${machine}-linux-gnu`,
    folder + source,
    '-o',
    program,
  ]
  const clang = findCompiler()
  if (clang === null) return 'no clang is installed'
  const { status, stderr } = spawnSync(clang, args, { encoding: 'utf8' })
  return status === 0 ? null : stderr
}
