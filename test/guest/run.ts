// SPDX-License-Identifier: Apache-2.0
// Runs the guest checks: kernel tests in virtual machines, on kernels and settings that this machine does not have.
// node test/guest/run.ts [TEXT]: all of them, or those whose name contains TEXT. Exit status 1 when one fails.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

type Check = { name: string; series: string; kernelArguments: string; command: string }

const withoutBpf = 'lsm=landlock,lockdown,yama,integrity,apparmor'
const vitest = 'node_modules/.bin/node node_modules/vitest/vitest.mjs run --project kernel'
const exec = 'test/kernel/exec.test.ts'

const checks: Check[] = [
  {
    name: '6.12 with bpf among the LSMs: exec is enforced by lsm',
    series: '6.12',
    kernelArguments: '',
    command: `UNDERPIN_EXPECT_MECHANISM=lsm ${vitest} ${exec}`,
  },
  {
    name: '6.12 without bpf among the LSMs: exec is enforced by fmod_ret',
    series: '6.12',
    kernelArguments: withoutBpf,
    command: `UNDERPIN_EXPECT_MECHANISM=fmod_ret ${vitest} ${exec}`,
  },
]

// Each guest keeps one processor busy; more than two at a time gain nothing on small machines.
const atOnce = 2

const stopped = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.abort())

type Result = { status: number; output: string }

function run(script: string, args: string[], show = false): Promise<Result> {
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

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`

async function runCheck(check: Check): Promise<boolean> {
  const begun = performance.now()
  const { status, output } = await run('boot.sh', [
    ...['-k', check.series, '-a', check.kernelArguments],
    check.command,
  ])
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${check.name} (${seconds(begun)})`)
  if (status !== 0) console.log(output.replace(/^/gm, '       '))
  return status === 0
}

async function main(): Promise<number> {
  const wanted = checks.filter((check) => check.name.includes(process.argv[2] ?? ''))
  if (wanted.length === 0) {
    console.error(`found no guest check named "${process.argv[2]}" (run without it for all)`)
    return 2
  }
  const begun = performance.now()
  const series = [...new Set(wanted.map((check) => check.series))]
  const setup = await run('setup.sh', ['', ...series], true)
  if (setup.status !== 0) return 1

  console.log(`${wanted.length} guest checks on ${series.join(', ')}, ${atOnce} at a time`)
  const waiting = [...wanted]
  let failed = 0
  const work = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      if (stopped.signal.aborted || !(await runCheck(check))) failed++
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  console.log(`${wanted.length - failed} of ${wanted.length} passed (${seconds(begun)})`)
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
