// SPDX-License-Identifier: Apache-2.0
// npm run bench -- [NAME…] [--guest [--series 6.12]]: measures, and prints what docs/benchmarks.md says.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { makeImage } from '../test/attempts/image.ts'
import { agent } from './agent.ts'
import { startBudget } from './budget.ts'
import { cluster } from './cluster.ts'
import { code, prepareCode } from './code.ts'
import { containers } from './containers.ts'
import { controller } from './controller.ts'
import { dns } from './dns.ts'
import { escape } from './escape.ts'
import { exec } from './exec.ts'
import { say } from './figures.ts'
import { ledger } from './ledger.ts'
import { memory } from './memory.ts'
import { connect, packet } from './network.ts'
import { open } from './open.ts'
import { node } from './node.ts'
import { measured } from './programs.ts'
import { scan } from './scan.ts'
import { sidecar } from './sidecar/sidecar.ts'
import { size } from './size.ts'
import { webhookLoss } from './webhook-loss.ts'
import { webhook } from './webhook.ts'

interface Bench {
  about: string
  run: () => Promise<void>
  /** Means something by the instruction clock of a guest. */
  guest?: true
}

const benches: Record<string, Bench> = {
  exec: {
    about: 'start and end of a process, with few and many policies and subjects; its decision',
    run: exec,
    guest: true,
  },
  budget: { about: 'the same, held to its budget', run: startBudget, guest: true },
  open: { about: 'opening a file, with and without rules about files', run: open, guest: true },
  code: { about: 'a program that loads 200 shared objects', run: code, guest: true },
  connect: { about: 'a connection; ns of the connect decision', run: connect, guest: true },
  packet: { about: 'TCP and UDP exchanges, a stream; ns per packet', run: packet, guest: true },
  dns: { about: 'names: what a question to a resolver and its answer cost', run: dns },
  size: { about: 'a decision with 1 to 1,000 policies, 10 to 10,000 subjects', run: size },
  sidecar: {
    about: 'traffic between pods: nothing, policies, a proxy on both sides; memory per pod',
    run: sidecar,
  },
  containers: {
    about: '1,000 container starts by runc and crun: none decided unbound',
    run: containers,
  },
  memory: { about: 'kernel memory at 0, 100 and 10,000 subjects', run: memory, guest: true },
  agent: { about: 'memory, idle CPU, change → enforced, kernel memory', run: agent },
  node: { about: 'the same with a real API server, and what is asked of it', run: node },
  escape: { about: 'a million denied execs, of which none may run', run: escape, guest: true },
  ledger: { about: 'denied decisions a second, records read a second', run: ledger },
  controller: { about: 'reports, status and join of 5,000 nodes; memory', run: controller },
  cluster: {
    about: 'webhook and controller before a real API server with 5,000 nodes; reports in etcd',
    run: cluster,
  },
  scan: { about: '10,000 workloads in files, a 7 MiB object, damaged manifests', run: scan },
  webhook: { about: 'reviews a second, latency, memory, an object of 7 MiB', run: webhook },
  loss: { about: 'reviews lost while certificates and webhooks are replaced', run: webhookLoss },
}

/** Small programs that a bench runs. */
const needs: Record<string, ('spawn' | 'open')[]> = {
  exec: ['spawn'],
  code: ['spawn'],
  budget: ['spawn'],
  open: ['open'],
}

const help = `npm run bench -- [NAME…] [--guest] [--series 6.12]   (no NAME: all)
${Object.entries(benches)
  .map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`)
  .join('\n')}
  --guest    those that can in a virtual machine whose clock counts instructions (exact at any load)
  --series   its kernel; test/guest/setup.sh makes one ready`

/** The same program again, in the guest. */
async function runInGuest(names: string[], series: string): Promise<number> {
  const boot = new URL('../test/guest/boot.sh', import.meta.url).pathname
  const command = `UNDERPIN_BENCH_CLOCK=instructions UNDERPIN_SLOWER=10 node_modules/.bin/node bench/main.ts ${names.join(' ')}`
  const child = spawn(boot, ['-i', '-t', '1800', '-m', '2048', '-k', series, command], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      guest: { type: 'boolean' },
      series: { type: 'string', default: '6.12' },
    },
  })
  const known = Object.keys(benches).filter((name) => !values.guest || benches[name]?.guest)
  const names = positionals.length > 0 ? positionals : known
  const unknown = names.filter((name) => !known.includes(name))
  if (values.help || unknown.length > 0) {
    if (unknown.length > 0) console.error(`no bench "${unknown.join('", "')}"\n`)
    say(help)
    return unknown.length > 0 ? 2 : 0
  }
  if (names.includes('code')) prepareCode()
  // Compiled here, where the compiler is fast.
  for (const name of names) for (const one of needs[name] ?? []) measured(one)
  if (names.includes('escape')) makeImage()
  if (values.guest) return runInGuest(names, values.series)
  for (const name of names) {
    say(`--- ${name}`)
    await benches[name]?.run()
  }
  return 0
}

process.exitCode = await main()
