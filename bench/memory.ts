// SPDX-License-Identifier: Apache-2.0
// Kernel memory of all maps and programs with 0, 100 and 10,000 subjects, and with 250 pods and 1,000 policies: as the
// kernel counts it map by map, and (in a guest) as it charges the agent's cgroup, with all that its allocators keep.
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kernelMemory } from '../enforcer/src/index.ts'
import { documents, ended, Sandbox, until } from '../test/harness/sandbox.ts'
import { startAgent } from './agent.ts'
import { addSubjects, crowdPolicy, podCount, podPolicy, pods, podUid } from './crowd.ts'
import { assert, round, say, summary } from './figures.ts'

const policyCount = 1000
const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(2)

/** A cgroup to which the kernel charges what its processes make it keep; null: there is none here. */
class Account {
  readonly folder: string
  private constructor(folder: string) {
    this.folder = folder
  }

  static open(s: Sandbox): Account | null {
    const switches = join(s.mount, 'cgroup.subtree_control')
    if (!readFileSync(join(s.mount, 'cgroup.controllers'), 'utf8').includes('memory')) return null
    writeFileSync(switches, '+memory')
    const folder = join(s.mount, `${s.name}-agent`)
    mkdirSync(folder)
    return existsSync(join(folder, 'memory.stat')) ? new Account(folder) : null
  }

  enter(child: ChildProcess): void {
    writeFileSync(join(this.folder, 'cgroup.procs'), String(child.pid))
  }

  /** Bytes that allocators of the kernel have handed out, less what every process takes. */
  read(): number {
    const text = readFileSync(join(this.folder, 'memory.stat'), 'utf8')
    const value = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
    return value('kernel') - value('kernel_stack') - value('pagetables')
  }

  close(): void {
    try {
      rmdirSync(this.folder)
    } catch {
      // it keeps what is pinned until that is gone
    }
  }
}

interface Taken {
  counted: number
  charged: number
}

export async function memory(): Promise<void> {
  const s = new Sandbox()
  const account = Account.open(s)
  let child: ChildProcess | undefined
  try {
    s.write(s.policies, documents(crowdPolicy(s)))
    s.write(s.pods, documents())
    child = await startAgent(s, (started) => account?.enter(started))
    const rows: { what: string; taken: Taken }[] = []
    const note = (what: string): Taken => {
      const memory = kernelMemory(s.pins)
      const taken = { counted: memory.mapBytes, charged: account?.read() ?? NaN }
      rows.push({ what, taken })
      say(
        `  ${what.padEnd(36)} maps ${mebibytes(taken.counted)} MiB, programs ${mebibytes(memory.programBytes)} MiB` +
          (account ? `; charged ${mebibytes(taken.charged)} MiB` : '') +
          `; ${memory.subjects.count} subjects of ${round(memory.subjects.bytesEach)} bytes, ${memory.policies.count} policies of ${round(memory.policies.bytesEach)}, ${memory.rules.count} rows of rules of ${round(memory.rules.bytesEach)}`,
      )
      return taken
    }
    const bare = note('no subject')
    const programs = kernelMemory(s.pins).programBytes
    addSubjects(s, 100)
    const hundred = note('100 subjects')
    addSubjects(s, 10_000)
    const many = note('10,000 subjects')
    assert(kernelMemory(s.pins).subjects.count >= 10_000, 'each is a subject')
    for (let i = 0; i < podCount; i++)
      mkdirSync(join(s.cgroup, `kubepods/pod${podUid(i)}`, 'container'), { recursive: true })
    const before = s.current().generation
    s.write(s.pods, documents(...pods))
    s.write(
      s.policies,
      documents(crowdPolicy(s), ...Array.from({ length: policyCount }, (_, i) => podPolicy(i))),
    )
    await until('the new plan is in force', () => s.current().generation > before, 120_000)
    await new Promise((resolve) => setTimeout(resolve, 5000)) // what is retired has gone by then
    const after = kernelMemory(s.pins)
    assert(after.subjects.count >= 10_000 + podCount, 'each pod is a subject')
    const full = note(`and ${podCount} pods, ${policyCount} policies`)
    const per = (more: Taken, less: Taken, count: number) => ({
      counted: (more.counted - less.counted) / count,
      charged: (more.charged - less.charged) / count,
    })
    const subject = per(many, hundred, 9_900)
    const pod = per(full, many, podCount)
    say(
      `  one subject more: ${round(subject.counted)} bytes counted, ${round(subject.charged)} charged`,
    )
    say(
      `  one pod more, with two cgroups and ${round(after.rules.count / podCount)} rows of rules: ${round(pod.counted)} bytes counted, ${round(pod.charged)} charged`,
    )
    summary('memory', {
      programs_mib: programs / 2 ** 20,
      maps_mib_0: bare.counted / 2 ** 20,
      maps_mib_100: hundred.counted / 2 ** 20,
      maps_mib_10000: many.counted / 2 ** 20,
      charged_mib_0: bare.charged / 2 ** 20,
      charged_mib_10000: many.charged / 2 ** 20,
      bytes_per_subject: subject.counted,
      charged_per_subject: subject.charged,
      bytes_per_pod_with_rules: pod.counted,
      charged_per_pod_with_rules: pod.charged,
      rule_rows_per_pod: after.rules.count / podCount,
      bytes_per_rule_row: after.rules.bytesEach,
    })
  } finally {
    if (child) await ended(child, 'SIGTERM')
    s.close()
    account?.close()
  }
}
