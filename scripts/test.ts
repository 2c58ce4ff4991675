// SPDX-License-Identifier: Apache-2.0
// Runs the layers of tests in order, each with a header and its time, and ends with a table of all of them.
//   node scripts/test.ts            every layer but those that run only when they are named
//   node scripts/test.ts unit lint  only these
// A layer that fails does not stop the next ones. Exit status: 0 all passed, 1 one failed, 3 one could not run here.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

type Layer = {
  name: string
  proves: string
  /** Loads programs into a kernel, so needs what `scripts/setup.sh lacks` asks for. */
  kernel: boolean
  minutes: number
  /** Takes too long for every time. */
  onlyNamed?: true
  steps: string[][]
}
type Counts = { passed: number; failed: number; skipped: number }
type Result = {
  layer: Layer
  outcome: 'passed' | 'failed' | 'not run'
  counts: Counts | undefined
  seconds: number
  remark: string
}

const root = fileURLToPath(new URL('..', import.meta.url))
const notes = join(root, '.cache', 'test')
const clangFormat = 'clang-format-19' // its output differs between versions, so one version decides

/** A layer may leave its counts here: `{ passed, failed, skipped }`, or vitest's own JSON. */
const countsFile = (layer: string): string => join(notes, `${layer}.json`)

const vitest = (project: string): string[] => [
  'vitest',
  'run',
  ...['--project', project],
  ...['--reporter', 'default', '--reporter', 'json', '--outputFile.json', countsFile(project)],
]

const layers: Layer[] = [
  {
    name: 'generated',
    proves: 'generated files are what their sources give',
    kernel: false,
    minutes: 2,
    steps: [['node', 'scripts/generate.ts', '--check']],
  },
  {
    name: 'lint',
    proves: 'layers, doors, promises, format',
    kernel: false,
    minutes: 5,
    steps: [
      ['eslint', '--max-warnings', '0', '.'],
      ['prettier', '--check', '--log-level', 'warn', '.'],
      ...clangFormatSteps(),
    ],
  },
  {
    name: 'types',
    proves: 'everything compiles, tests included',
    kernel: false,
    minutes: 5,
    steps: [['tsc', '-b']],
  },
  {
    name: 'unit',
    proves: 'what is pure: no root, no kernel, no cluster',
    kernel: false,
    minutes: 8,
    steps: [vitest('unit')],
  },
  {
    name: 'cluster',
    proves: 'what we say of the API server, and the webhook, against a real one',
    kernel: false,
    // The first run compiles kube-apiserver, kube-controller-manager and helm.
    minutes: 35,
    steps: [
      ['test/cluster/setup.sh'],
      ['test/cluster/setup.sh', 'kube-controller-manager', 'helm'],
      vitest('cluster'),
    ],
  },
  {
    name: 'kernel',
    proves: 'the programs in the kernel of this machine',
    kernel: true,
    minutes: 15,
    steps: [vitest('kernel')],
  },
  {
    name: 'system',
    proves: 'the whole agent, the command line and the image, as a person runs them',
    kernel: true,
    minutes: 25,
    steps: [['test/cluster/setup.sh'], vitest('system')],
  },
  {
    name: 'guest',
    proves: 'five kernels × security modules × lockdown, in virtual machines',
    kernel: true,
    minutes: 35,
    steps: [['node', 'test/guest/run.ts']],
  },
  {
    name: 'network',
    proves: 'how processes talk, on the oldest kernel and the newest, in virtual machines',
    kernel: true,
    minutes: 30,
    steps: [['node', 'test/guest/run.ts', '--network']],
  },
  {
    name: 'node',
    proves: 'a whole node of a cluster, in a virtual machine',
    kernel: true,
    minutes: 40,
    onlyNamed: true,
    // The steps of a story: after one that failed the next ones prove nothing.
    steps: [['test/node/setup.sh'], ['scripts/image.sh'], [...vitest('node'), '--bail', '1']],
  },
]

function clangFormatSteps(): string[][] {
  if (
    !(process.env['PATH'] ?? '')
      .split(delimiter)
      .some((folder) => existsSync(join(folder, clangFormat)))
  ) {
    return []
  }
  const sources = readdirSync(join(root, 'bpf')).filter((name) => /\.[ch]$/.test(name))
  return sources.length === 0
    ? []
    : [[clangFormat, '--dry-run', '-Werror', ...sources.map((name) => join('bpf', name))]]
}

/** Runs one program to its end and returns its exit status; 124, as timeout(1) has it, if it had to be stopped. */
function run(
  [program, ...args]: string[],
  deadline: number,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  return new Promise((done) => {
    let late = false
    const child = spawn(program ?? '', args, {
      cwd: root,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const timer = setTimeout(() => {
      late = true
      child.kill('SIGTERM')
      setTimeout(() => child.kill('SIGKILL'), 5_000).unref()
    }, deadline - Date.now())
    child.on('error', (error) => {
      clearTimeout(timer)
      console.error(`run "${program}": ${error.message}`)
      done(127)
    })
    child.on('close', (status) => {
      clearTimeout(timer)
      done(late ? 124 : (status ?? 1))
    })
  })
}

function readCounts(layer: string): Counts | undefined {
  const file = countsFile(layer)
  if (!existsSync(file)) return undefined
  const found = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number | undefined>
  return {
    passed: found['numPassedTests'] ?? found['passed'] ?? 0,
    failed: found['numFailedTests'] ?? found['failed'] ?? 0,
    skipped: (found['numPendingTests'] ?? found['skipped'] ?? 0) + (found['numTodoTests'] ?? 0),
  }
}

async function runLayer(layer: Layer): Promise<Result> {
  const began = performance.now()
  const deadline = Date.now() + layer.minutes * 60_000
  const result = (outcome: Result['outcome'], remark = ''): Result => ({
    layer,
    outcome,
    counts: readCounts(layer.name),
    seconds: (performance.now() - began) / 1000,
    remark,
  })
  rmSync(countsFile(layer.name), { force: true })
  console.log(`\n== ${layer.name}: ${layer.proves}`)
  const env = {
    ...process.env,
    PATH: [join(root, 'node_modules', '.bin'), process.env['PATH']].join(delimiter),
    UNDERPIN_TEST_COUNTS: countsFile(layer.name),
  }
  const remarks: string[] = []
  let incomplete = false
  for (const step of layer.steps) {
    const status = await run(step, deadline, env)
    const words = step.slice(0, 2).join(' ')
    if (status === 124) remarks.push(`${words}: stopped after ${layer.minutes} minutes`)
    else if (status === 3) {
      // What it needs is not here: the next steps would only fail for the same reason.
      incomplete = true
      break
    } else if (status !== 0) remarks.push(`${words}: status ${status}`)
  }
  if (remarks.length > 0) return result('failed', remarks.join('; '))
  if (incomplete) return result('not run', 'it said why above')
  const done = result('passed')
  // A layer that lost its tests must not look like one that passed.
  const empty = done.counts !== undefined && done.counts.passed === 0
  return empty ? { ...done, outcome: 'failed', remark: 'no test passed' } : done
}

/** The reason why no program can be loaded here, in the words of the set-up; empty if one can. */
function lacks(): Promise<string> {
  return new Promise((done) => {
    const child = spawn('sh', ['scripts/setup.sh', 'lacks'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    child.on('close', () => {
      done(text.trim())
    })
  })
}

function table(results: Result[]): string {
  const row = (cells: string[]): string =>
    [10, 8, 7, 7, 8, 8]
      .map((width, at) => (at < 2 ? cells[at]?.padEnd(width) : cells[at]?.padStart(width)))
      .join(' ') + (cells[6] ? `   ${cells[6]}` : '')
  const number = (count: number | undefined): string => (count === undefined ? '–' : String(count))
  return [
    row(['layer', 'outcome', 'passed', 'failed', 'skipped', 'seconds', '']),
    ...results.map(({ layer, outcome, counts, seconds, remark }) =>
      row([
        layer.name,
        outcome,
        number(counts?.passed),
        number(counts?.failed),
        number(counts?.skipped),
        seconds.toFixed(1),
        remark,
      ]),
    ),
  ].join('\n')
}

async function main(names: string[]): Promise<number> {
  const unknown = names.filter((name) => !layers.some((layer) => layer.name === name))
  if (unknown.length > 0) {
    const known = layers.map((layer) => layer.name).join(', ')
    console.error(`run tests: found layer "${unknown.join('", "')}", expected one of ${known}`)
    return 2
  }
  mkdirSync(notes, { recursive: true })
  const chosen = layers.filter((layer) =>
    names.length === 0 ? layer.onlyNamed !== true : names.includes(layer.name),
  )
  const lacking = chosen.some((layer) => layer.kernel) ? await lacks() : ''
  const left = chosen.filter((layer) => layer.kernel && lacking !== '')
  const sentence = `${left.map((layer) => layer.name).join(', ')}: not run, because loading programs needs ${lacking}.`
  if (left.length > 0) console.log(sentence)

  const results: Result[] = []
  for (const layer of chosen) {
    results.push(
      left.includes(layer)
        ? { layer, outcome: 'not run', counts: undefined, seconds: 0, remark: '' }
        : await runLayer(layer),
    )
  }
  console.log(`\n${table(results)}`)
  if (left.length > 0) console.log(`\n${sentence}`)
  if (results.some((result) => result.outcome === 'failed')) return 1
  return results.some((result) => result.outcome === 'not run') ? 3 : 0
}

process.exitCode = await main(process.argv.slice(2))
