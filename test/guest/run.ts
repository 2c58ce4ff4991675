// SPDX-License-Identifier: Apache-2.0
// Runs the matrix: kernel tests in virtual machines, on kernels and settings that this machine does not have.
// node test/guest/run.ts [--network] [--all] [--update] [--doctor] [TEXT…]: all guests, or those whose name contains a TEXT; --network:
// those where processes talk; --update writes what doctor says as the golden file, --doctor runs nothing else, --all also runs what
// takes long. Exit status 1 when anything failed.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { budgetCommand, budgetResult } from './budget.ts'
import { compareDoctor, loadResult } from './golden.ts'
import { makeImage } from '../attempts/image.ts'
import {
  fileNameOf,
  kernelArguments,
  lengthOf,
  matrices,
  nameOf,
  withFloods,
  type Guest,
} from './matrix.ts'
import { failures, readReport, secondsOf, table, type Report, type TestResult } from './report.ts'

// Each guest keeps one processor busy; more than two at a time gain nothing on small machines.
const atOnce = Number(process.env['UNDERPIN_GUESTS_AT_ONCE'] ?? 2)
const golden = join(import.meta.dirname, 'golden')
const node = 'node_modules/.bin/node'
const root = join(import.meta.dirname, '../..')
const command = 'dist/cli/src/main.js'
const underpin = `${node} ${command}`
const folder = join(process.env['UNDERPIN_CACHE'] ?? '/var/cache/underpin', 'guest')
/** What Node.js has compiled of the project, so that it need not in each guest. */
const compiled = join(folder, 'compiled')
/** The whole output of each guest that failed. */
const logs = join(folder, 'failed')
const config = ['--config', 'test/guest/vitest.config.ts']
const vitest = `${node} node_modules/vitest/vitest.mjs run ${config.join(' ')}`

const stopped = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.abort())

function run(
  script: string,
  args: string[],
  show = false,
): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(join(import.meta.dirname, script), args, {
      signal: stopped.signal,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const collect = (chunk: Buffer) => {
      output += chunk.toString()
      if (show) process.stderr.write(chunk)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => (output += `${error.message}\n`))
    child.on('close', (code) => resolve({ status: code ?? 1, output }))
  })
}

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(0)} s`

const policy = JSON.stringify({
  apiVersion: 'underpin.dev/v1alpha1',
  kind: 'ClusterRuntimePolicy',
  metadata: { name: 'any' },
  spec: { scope: 'unmanaged', mode: 'enforce', select: { cgroups: ['/any/*'] }, processes: [] },
})

/** What runs in the guest. Parts of its output are told apart by lines that begin with "==== ". */
function commandOf(guest: Guest, { doctorOnly, all, network }: Options): string {
  const { mechanism, files, more, clock } = guest
  const cache = `export NODE_COMPILE_CACHE=${compiled}`
  if (clock) return `${cache}\n    ${budgetCommand(node)}`
  // After the tests it looks at what they have left in force, and need not load it once more.
  const doctor = `pins=$(ls -d /sys/fs/bpf/underpin-test-* 2>/dev/null | head -n 1)
    echo; echo "==== doctor"; ${underpin} doctor -o json \${pins:+--pins "$pins"}; echo "==== doctor ended $?"`
  if (doctorOnly) return `${cache}; ${doctor}`
  if (mechanism === 'none')
    return `${cache}; ${doctor}
      mkdir /tmp/none /tmp/none/policies
      echo '${policy}' >/tmp/none/policies/all.yaml
      ${underpin} enforce --policies /tmp/none/policies --state /tmp/none/state --pins /sys/fs/bpf/underpin-none
      echo "==== refused $?"; ls /sys/fs/bpf; echo "==== end"`
  return `${cache}
    UNDERPIN_EXPECT_MECHANISM=${mechanism} UNDERPIN_SLOWER=5 UNDERPIN_ESCAPES=4000 UNDERPIN_STARTS=4 UNDERPIN_FLOODS=${withFloods(guest) || all ? 1 : 0} UNDERPIN_ONE_AGENT=1 NO_COLOR=1 \
      ${vitest} --reporter default --reporter json --outputFile.json /tmp/report ${[...files, ...(all ? more : [])].map((file) => `test/${file}.test.ts`).join(' ')}
    echo "==== tests ended $?"; cat /tmp/report; echo; echo "==== end"
    ${network ? '' : doctor}`
}

/** The text between a marker line and the next one. */
function part(output: string, marker: string): string {
  const from = output.indexOf(`==== ${marker}\n`)
  if (from < 0) return ''
  const begin = from + marker.length + 6
  const end = output.indexOf('\n==== ', begin - 1)
  return output.slice(begin, end < 0 ? undefined : end)
}

const endedWith = (output: string, what: string): number =>
  Number(new RegExp(`^==== ${what} (\\d+)$`, 'm').exec(output)?.[1] ?? NaN)

interface Options {
  update: boolean
  doctorOnly: boolean
  all: boolean
  network: boolean
}

async function runGuest(guest: Guest, options: Options): Promise<Report> {
  const { update, doctorOnly, network } = options
  const begun = performance.now()
  const { status, output } = await run('boot.sh', [
    ...['-k', guest.series, '-a', kernelArguments(guest), '-t', '1800', '-m', '1536'],
    ...(guest.clock ? ['-i'] : []),
    commandOf(guest, options),
  ])
  const problems: string[] = []
  if (status !== 0) problems.push(`the guest ended with ${status}`)
  let tests: TestResult[] = []
  let took = ''
  if (guest.clock) {
    tests = [budgetResult(output)]
  } else if (doctorOnly) {
    if (Number.isNaN(endedWith(output, 'doctor ended'))) problems.push('doctor did not end')
  } else if (guest.mechanism === 'none') {
    const refused = endedWith(output, 'refused')
    if (refused !== 3) problems.push(`enforce ended with ${refused}, expected 3`)
    if (!output.includes('lockdown=integrity')) problems.push('enforce names no remedy')
    if (part(output, `refused ${refused}`).includes('underpin'))
      problems.push('it left pins behind')
  } else {
    const ended = endedWith(output, 'tests ended')
    if (ended !== 0) problems.push(`tests ended with ${ended}`)
    tests = readReport(part(output, `tests ended ${ended}`))
    took = secondsOf(part(output, `tests ended ${ended}`))
    if (tests.every(({ outcome }) => outcome !== 'passed')) problems.push('no test passed')
  }
  if (!guest.clock && !network) {
    const said = part(output, 'doctor')
    const file = join(golden, `${fileNameOf(guest)}.json`)
    const { text, problem } = compareDoctor(nameOf(guest), said, update ? null : readText(file))
    if (problem) problems.push(problem)
    else if (update) writeFileSync(file, text)
    if (guest.mechanism !== 'none') tests.push(loadResult(said, guest.series))
  }
  const again = /^guest: .* booted once more$/m.exec(output)?.[0]
  const failed = tests.filter(({ outcome }) => outcome === 'failed').length
  const good = problems.length === 0 && failed === 0
  console.log(
    `${good ? 'ok    ' : 'FAILED'} ${nameOf(guest)}: ${guest.mechanism === 'none' ? 'refused' : `exec by ${guest.mechanism}`}, ` +
      `${tests.filter(({ outcome }) => outcome === 'passed').length} tests passed, ${failed} failed (${seconds(begun)}${took})`,
  )
  if (again) console.log(`         ${again}`)
  for (const problem of problems) console.log(`         ${problem.replaceAll('\n', '\n         ')}`)
  for (const line of failures(tests)) console.log(`         ${line}`)
  if (!good) {
    const log = join(logs, `${fileNameOf(guest)}.log`)
    writeFileSync(log, output)
    console.log(`         its output: ${log}`)
    // Without a failed test nothing else says what happened.
    if (failed === 0) console.log(output.slice(-8000).replace(/^/gm, '       | '))
  }
  return { guest: nameOf(guest), good, tests }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

async function main(args: string[]): Promise<number> {
  const options = {
    update: args.includes('--update'),
    doctorOnly: args.includes('--doctor'),
    all: args.includes('--all'),
    network: args.includes('--network'),
  }
  const guests = matrices[options.network ? 'network' : 'processes']
  const order = (name: string) => guests.findIndex((guest) => nameOf(guest) === name)
  const texts = args.filter((text) => !text.startsWith('--'))
  const wanted = guests.filter(
    (guest) =>
      !(guest.clock && options.doctorOnly) &&
      (texts.length === 0 || texts.some((text) => nameOf(guest).includes(text))),
  )
  if (wanted.length === 0) {
    console.error(
      `found no guest named "${texts.join(' ')}", expected one of: ${guests.map(nameOf).join(', ')}`,
    )
    return 2
  }
  mkdirSync(golden, { recursive: true })
  mkdirSync(logs, { recursive: true })
  const begun = performance.now()
  const series = [...new Set(wanted.map((guest) => guest.series))]
  const setup = await run('setup.sh', ['', ...series], true)
  if (setup.status !== 0) return 1
  makeImage() // here, where the compiler is fast
  compileForGuests()

  console.log(`${wanted.length} guests on ${series.join(', ')}, ${atOnce} at a time`)
  // The longest first, so that none of them is alone at the end.
  const waiting = [...wanted].sort((a, b) => lengthOf(b) - lengthOf(a))
  const reports: Report[] = []
  const work = async () => {
    for (let guest = waiting.shift(); guest; guest = waiting.shift())
      if (!stopped.signal.aborted) reports.push(await runGuest(guest, options))
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  reports.sort((a, b) => order(a.guest) - order(b.guest))
  for (const line of table(reports)) console.log(line)
  const good = reports.filter((report) => report.good).length
  console.log(`${good} of ${wanted.length} guests passed (${seconds(begun)})`)
  writeCounts(reports)
  return good === wanted.length ? 0 : 1
}

/** Loads every test file and the command here, where it is fast, and runs none. */
function compileForGuests(): void {
  rmSync(compiled, { recursive: true, force: true })
  const none = ['node_modules/vitest/vitest.mjs', 'run', ...config, '-t', 'no test has this name']
  for (const args of [none, [command, 'doctor', '--help'], ['bench/main.ts', '--help']]) {
    const env = { ...process.env, NODE_COMPILE_CACHE: compiled }
    const { status, stderr } = spawnSync(node, args, { cwd: root, env, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`)
  }
}

/** For the table of scripts/test.ts. */
function writeCounts(reports: readonly Report[]): void {
  const path = process.env['UNDERPIN_TEST_COUNTS']
  if (path === undefined) return
  const tests = reports.flatMap((report) => report.tests)
  const count = (outcome: TestResult['outcome']) =>
    tests.filter((test) => test.outcome === outcome).length
  const broken = reports.filter(
    ({ good, tests }) => !good && tests.every((t) => t.outcome !== 'failed'),
  )
  writeFileSync(
    path,
    JSON.stringify({
      passed: count('passed'),
      failed: count('failed') + broken.length,
      skipped: count('skipped'),
    }),
  )
}

process.exitCode = await main(process.argv.slice(2))
