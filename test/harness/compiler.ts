// SPDX-License-Identifier: Apache-2.0
// The C compiler for programs of this machine; scripts/setup.sh installs one of these for the kernel programs.
import { spawnSync } from 'node:child_process'

const names = ['clang-19', 'clang-18', 'clang-16', 'clang-15', 'clang-14', 'clang']

/** Its name; null: there is none. */
export const findCompiler = (): string | null =>
  [process.env['CLANG'] ?? '', ...names].find(
    (name) => name !== '' && spawnSync(name, ['--version']).status === 0,
  ) ?? null

export function compiler(): string {
  const found = findCompiler()
  if (found === null)
    throw new Error('this needs clang for programs in C, as the kernel programs do')
  return found
}
