// SPDX-License-Identifier: Apache-2.0
// npm run fuzz -- dns|payload [SECONDS]: libFuzzer, guided by coverage and with sanitizers, on a parser of the kernel side compiled
// for user space. What it found interesting is kept in .cache/fuzz for the next time. Exit 1: it found a crash.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileForUser } from '../test/fuzz/compile.ts'
import { handshakeTables } from '../test/fuzz/payload-tables.ts'

/** `tables`: what the program is given as the file that UNDERPIN_TABLES names. */
const targets: Record<string, { source: string; longest: number; tables?: () => Buffer }> = {
  dns: { source: 'dns-fuzz.c', longest: 1400 },
  payload: { source: 'payload-fuzz.c', longest: 1400, tables: handshakeTables },
}

const [name = '', seconds = '60'] = process.argv.slice(2)
const target = targets[name]
if (!target || !/^\d+$/.test(seconds)) {
  console.error(`usage: npm run fuzz -- ${Object.keys(targets).join('|')} [SECONDS]`)
  process.exit(2)
}
const folder = join('.cache', 'fuzz', name)
mkdirSync(join(folder, 'corpus'), { recursive: true })
const program = join(folder, 'fuzz')
const refused = compileForUser(target.source, program, [
  '-O1',
  '-fsanitize=fuzzer,address,undefined',
  '-fno-sanitize=alignment',
  '-fno-sanitize-recover=undefined',
])
if (refused !== null) {
  console.error(
    `${refused}\nfuzz: it needs clang with its sanitizers: apt-get install clang-19 libclang-rt-19-dev`,
  )
  process.exit(3)
}
const tables = join(folder, 'tables')
if (target.tables) writeFileSync(tables, target.tables())
const { status } = spawnSync(
  program,
  [
    `-max_total_time=${seconds}`,
    `-max_len=${target.longest}`,
    `-artifact_prefix=${folder}/`,
    '-print_final_stats=1',
    join(folder, 'corpus'),
  ],
  { stdio: 'inherit', env: { ...process.env, UNDERPIN_TABLES: tables } },
)
process.exitCode = status === 0 ? 0 : 1
