// SPDX-License-Identifier: Apache-2.0
// Compiles parsers of the kernel side for user space, by the compiler that builds the programs.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** As in scripts/setup.sh. */
const compilers = ['clang-19', 'clang-18', 'clang-16', 'clang-15', 'clang-14', 'clang']
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
  for (const compiler of [process.env['CLANG'] ?? '', ...compilers]) {
    if (compiler === '') continue
    const { error, status, stderr } = spawnSync(compiler, args, { encoding: 'utf8' })
    if (error) continue // there is no such compiler
    return status === 0 ? null : stderr
  }
  return `none of ${compilers.join(', ')} is installed`
}
