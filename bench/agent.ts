// SPDX-License-Identifier: Apache-2.0
// The built agent, as people start it, with 250 pods and 1,000 policies: memory, idle CPU, the time from a changed file to a changed verdict, and
// what the maps take of kernel memory.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readState } from '../enforcer/src/index.ts'
import { mapBytes } from '../enforcer/src/kernel/memory.ts'
import { documents, ended, need, Sandbox, until } from '../test/harness/sandbox.ts'
import { podCount, podPolicy, pods } from './crowd.ts'
import { assert, quantile, round, say, summary } from './figures.ts'
import { cpuSeconds, program, resident, sleep } from './process.ts'

const policyCount = 1000
const changes = 50
const idleSeconds = 10

/** As a ConfigMap or a careful writer replaces a file: whole. */
function put(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, `.${name}`), text)
  renameSync(join(folder, `.${name}`), join(folder, `${name}.yaml`))
}

/** Resolves when its first plan is in force; the files are there. */
export async function startAgent(
  s: Sandbox,
  started: (child: ChildProcess) => void = () => undefined,
): Promise<ChildProcess> {
  const { policies, pods, cgroup, pins, state } = s
  const places = { policies, pods, cgroup, pins, state, 'log-level': 'error' }
  const options = Object.entries(places).flatMap(([name, value]) => [`--${name}`, value])
  const child = spawn(program, ['enforce', ...options], { stdio: ['ignore', 'ignore', 'inherit'] })
  const pid = child.pid ?? 0
  started(child)
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

/** Flips one policy; answers milliseconds until the kernel decides by it, and makes sure that it does. */
async function change(s: Sandbox, deny: boolean): Promise<number> {
  const generation = () => s.tables().control.get({ value: 0 })?.generation ?? 0
  // Binding cgroups raises it once more; when that is over as well, the agent says so.
  await until('the change before is over', () => s.current().generation === generation())
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
    const bare = { memory: resident(child.pid ?? 0), kernel: mapBytes(s.pins) }
    await ended(child, 'SIGTERM')
    for (const [i, pod] of pods.entries())
      mkdirSync(join(s.cgroup, `kubepods/pod${pod.metadata.uid}`, `container-${i}`), {
        recursive: true,
      })
    for (let i = 0; i < policyCount; i++) put(s.policies, `policy-${i}`, documents(podPolicy(i)))
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
    const kernel = mapBytes(s.pins)
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
