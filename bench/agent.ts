// SPDX-License-Identifier: Apache-2.0
// The built agent, as people start it, with 250 pods and 1,000 policies: memory, idle CPU, the time from a changed file to a changed verdict, and
// what the maps take of kernel memory.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readState } from '../enforcer/src/index.ts'
import * as bpf from '../enforcer/src/kernel/libbpf.ts'
import { documents, ended, need, Sandbox, until } from '../test/harness/sandbox.ts'
import { assert, quantile, round, say, summary } from './figures.ts'
import { cpuSeconds, program, resident, sleep } from './process.ts'

const podCount = 250
const policyCount = 1000
const changes = 50
const idleSeconds = 10
const uid = (i: number) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`

const pods = Array.from({ length: podCount }, (_, i) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `pod-${i}`, namespace: 'shop', uid: uid(i), labels: { app: `app-${i}` } },
  spec: { containers: [{ name: 'app', image: 'registry.example/app:1' }] },
}))

/** Four for each pod. */
const policy = (i: number) => ({
  apiVersion: 'underpin.dev/v1alpha1',
  kind: 'RuntimePolicy',
  metadata: { name: `policy-${i}`, namespace: 'shop' },
  spec: {
    mode: i % 2 ? 'enforce' : 'audit',
    select: { pods: { matchLabels: { app: `app-${i % podCount}` } } },
    processes: [
      {
        exe: [`/app/bin-${i}`, need('sh')],
        egress: [{ to: [{ cidr: '10.0.0.0/8' }], ports: [443, 5432] }],
      },
      { exe: '/usr/lib/app/**', ingress: [{ ports: [8080] }] },
    ],
    deny: [{ egress: { to: [{ cidr: '169.254.169.254/32' }] } }],
  },
})

/** As a ConfigMap or a careful writer replaces a file: whole. */
function put(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, `.${name}`), text)
  renameSync(join(folder, `.${name}`), join(folder, `${name}.yaml`))
}

/** Resolves when its first plan is in force; the files are there. */
export async function startAgent(s: Sandbox): Promise<ChildProcess> {
  const { policies, pods, cgroup, pins, state } = s
  const places = { policies, pods, cgroup, pins, state, 'log-level': 'error' }
  const options = Object.entries(places).flatMap(([name, value]) => [`--${name}`, value])
  const child = spawn(program, ['enforce', ...options], { stdio: ['ignore', 'ignore', 'inherit'] })
  const pid = child.pid ?? 0
  await until(
    'the agent is ready',
    () => {
      assert(child.exitCode === null, 'the agent runs')
      return readState(state)?.pid === pid
    },
    30_000,
  )
  return child
}

export function kernelMemory(pins: string): number {
  const folder = join(pins, 'maps')
  return readdirSync(folder).reduce((sum, name) => {
    const fd = bpf.openPin(join(folder, name))
    const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
    bpf.closeFd(fd)
    return sum + Number(/memlock:\s*(\d+)/.exec(text)?.[1])
  }, 0)
}

/** Flips one policy; answers milliseconds until the kernel decides by it, and makes sure that it does. */
async function change(s: Sandbox, deny: boolean): Promise<number> {
  const generation = () => s.tables().control.get({ value: 0 })?.generation ?? 0
  const before = generation()
  const flipped = {
    ...s.policy(
      'flipped',
      'box',
      deny ? { deny: [{ exe: need('true') }] } : { processes: [{ exe: '/**' }] },
    ),
  }
  const begun = performance.now()
  put(s.policies, 'flipped', documents(flipped))
  while (generation() === before) {
    assert(performance.now() - begun < 10_000, 'a change is applied')
    await sleep(1)
  }
  const took = performance.now() - begun
  const { code } = await s.run('box', [need('true')])
  assert((code !== 0) === deny, `"true" is ${deny ? 'denied' : 'allowed'} after the change`)
  return took
}

export async function agent(): Promise<void> {
  const s = new Sandbox()
  let child: ChildProcess | undefined
  try {
    s.folder('box')
    s.write(s.policies, documents(s.policy('first', 'none', { processes: [] })))
    s.write(s.pods, documents())
    child = await startAgent(s)
    await sleep(1000)
    const bare = { memory: resident(child.pid ?? 0), kernel: kernelMemory(s.pins) }
    await ended(child, 'SIGTERM')
    for (const [i, pod] of pods.entries())
      mkdirSync(join(s.cgroup, `pod${pod.metadata.uid}`, `container-${i}`), { recursive: true })
    for (let i = 0; i < policyCount; i++) put(s.policies, `policy-${i}`, documents(policy(i)))
    put(s.pods, 'all', documents(...pods))
    const begun = performance.now()
    child = await startAgent(s)
    const started = performance.now() - begun
    const pid = child.pid ?? 0
    const subjects = [...s.tables().subjects.entries()].length
    assert(subjects >= podCount, `${podCount} pods are subjects (found ${subjects})`)
    const rules = (['rules', 'exes', 'addresses', 'ports'] as const).reduce(
      (n, t) => n + [...s.tables()[t].entries()].length,
      0,
    )
    const kernel = kernelMemory(s.pins)
    await sleep(3000)
    const atStart = cpuSeconds(pid)
    await sleep(idleSeconds * 1000)
    const idle = ((cpuSeconds(pid) - atStart) / idleSeconds) * 100
    const idleMemory = resident(pid)
    // Its first change brings a new cgroup pattern, for which every cgroup is looked at.
    const pattern = await change(s, false)
    await sleep(50)
    const times: number[] = []
    for (let i = 0; i < changes; i++) {
      times.push(await change(s, i % 2 === 0))
      await sleep(50)
    }
    times.sort((a, b) => a - b)
    const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)]
    const perPod = (kernel - bare.kernel) / podCount / 1024
    say(
      `${podCount} pods, ${policyCount} policies; first plan in force ${round(started)} ms after the process started`,
    )
    say(
      `  resident           ${round(idleMemory)} MiB idle, ${round(resident(pid))} MiB after ${changes} changes (${round(bare.memory)} MiB without pods)`,
    )
    say(`  idle               ${round(idle)} % of one core over ${idleSeconds} s`)
    say(
      `  change → enforced  p50 ${round(p50)} ms, p99 ${round(p99)} ms, range ${round(times[0] ?? NaN)}–${round(times.at(-1) ?? NaN)} ms of ${changes}; ${round(pattern)} ms with a new cgroup pattern`,
    )
    say(
      `  kernel memory      ${round(kernel / 2 ** 20)} MiB (${round(bare.kernel / 2 ** 20)} MiB without pods): ${round(perPod)} KiB per pod with its rows, ${rules} rule rows`,
    )
    summary('agent', {
      resident_mib: idleMemory,
      resident_after_changes_mib: resident(pid),
      idle_percent: idle,
      change_p50_ms: p50,
      change_p99_ms: p99,
      pattern_ms: pattern,
      start_ms: started,
      kernel_mib: kernel / 2 ** 20,
      kernel_bare_mib: bare.kernel / 2 ** 20,
      kib_per_pod: perPod,
      rule_rows: rules,
    })
  } finally {
    if (child) await ended(child, 'SIGKILL')
    s.close()
  }
}
