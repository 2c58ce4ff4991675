// SPDX-License-Identifier: Apache-2.0
// Real container runtimes under enforcement, with a policy that lists only the container's own programs: they create,
// start, exec and kill as ever, how a program was started is told right, and no container's first program goes undecided.
import * as fs from 'node:fs'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Lineage } from '../../enforcer/src/kernel/abi.gen.ts'
import { cgroupId } from '../../enforcer/src/kernel/cgroups.ts'
import {
  isHybrid,
  removeLegacyCgroups,
  Runtime,
  runtimesFolder,
  type RuntimeName,
} from '../harness/container.ts'
import { documents, Sandbox, until } from '../harness/sandbox.ts'

/** Containers of each runtime that are started one after the other; the benchmark starts a thousand. */
const starts = Number(process.env.UNDERPIN_STARTS ?? 25)

const processes = [
  { exe: '/bin/sh', startedBy: 'entrypoint' },
  { exe: '/bin/id', startedBy: 'exec' },
  { exe: '/bin/sleep' },
  { exe: '/bin/cat' },
]

let s: Sandbox
let runtimes: string
beforeAll(async () => {
  runtimes = runtimesFolder()
  s = new Sandbox()
  await s.start(documents(unmanaged(processes), ofPods), {
    pods: [
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'web', namespace: 'shop', uid, labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'web' }] },
      },
    ],
  })
}, 600_000)
afterAll(() => {
  removeLegacyCgroups(s.path(''))
  s.close()
})

const unmanaged = (processes: object[]) => ({
  apiVersion: 'underpin.dev/v1alpha1',
  kind: 'ClusterRuntimePolicy',
  metadata: { name: 'containers' },
  spec: { scope: 'unmanaged', mode: 'enforce', processes },
})
const policy = (processes: object[]) => documents(unmanaged(processes))

const uid = randomUUID()
const ofPods = {
  apiVersion: 'underpin.dev/v1alpha1',
  kind: 'RuntimePolicy',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { mode: 'enforce', processes: [{ exe: ['/bin/sh', '/bin/sleep'] }] },
}

const names: RuntimeName[] = isHybrid() ? ['runc', 'runc-new'] : ['runc', 'runc-new', 'crun']
const denials = () => s.records().reduce((sum, { count }) => sum + count, 0)

describe.each(names)('%s', (name) => {
  let runtime: Runtime
  beforeAll(() => {
    runtime = new Runtime(name, runtimes, s.files)
  })
  afterAll(() => runtime.close())

  const lifes = {
    'a pid namespace of its own': undefined,
    'the pid namespace of the host': ['ipc', 'uts', 'mount'],
  }
  test.for(Object.entries(lifes))('a container’s life, in %s', async ([, namespaces]) => {
    // By their paths: this shell would run what it knows itself.
    const script =
      '/bin/cat /proc/self/stat > /tmp/began; /bin/id > /tmp/id; /bin/true; exec /bin/sleep 60'
    const id = runtime.bundle(s.path('docker'), ['/bin/sh', '-c', script], namespaces)
    fs.rmSync(join(runtime.marks, 'began'), { force: true })
    expect(runtime.create(id)).toEqual({ status: 0, output: '' })
    expect(runtime.state(id).status).toBe('created')
    expect(runtime.start(id)).toEqual({ status: 0, output: '' })
    const { pid } = runtime.state(id)
    await until('it sleeps', () => fs.readlinkSync(`/proc/${pid}/exe`).endsWith('/bin/sleep'))
    expect(fs.readFileSync(join(runtime.marks, 'began'), 'utf8')).not.toBe('')
    // `id` is only for what is started later, and nothing lists `true`.
    expect(fs.readFileSync(join(runtime.marks, 'id'), 'utf8')).toBe('')
    const row = s.tables().processes.get({ value: pid })
    expect(row).toMatchObject({ lineage: Lineage.ENTRYPOINT })
    expect(row?.root).not.toBe(0n)

    expect(runtime.exec(id, '/bin/id')).toMatchObject({ status: 0, output: /^uid=0/ as never })
    expect(runtime.exec(id, '/bin/sh', '-c', 'echo ran').output).not.toContain('ran')
    expect(runtime.exec(id, '/bin/true').status).not.toBe(0)
    const records = s.records().filter(({ subject }) => subject.name === id)
    expect(new Set(records.map((one) => `${one.executable} ${one.from}`)).size).toBe(records.length)
    expect(records.map(({ executable }) => executable).sort()).toEqual([
      '/bin/id',
      '/bin/sh',
      '/bin/true',
      '/bin/true',
    ])
    expect(runtime.kill(id).status).toBe(0)
    await until('it has stopped', () => runtime.state(id).status === 'stopped')
    expect(runtime.remove(id)).toEqual({ status: 0, output: '' })
  })

  test(`${starts} containers whose program nothing lists: none runs an instruction`, () => {
    const before = denials()
    const mark = join(runtime.marks, 'ran')
    for (let i = 0; i < starts; i++) {
      const id = runtime.bundle(s.path('docker'), ['/bin/mkdir', '/tmp/ran'])
      expect(runtime.run(id).status).not.toBe(0)
      runtime.remove(id)
    }
    expect(fs.existsSync(mark)).toBe(false)
    expect(denials() - before).toBe(starts)
  }, 600_000)

  test(`${starts} containers whose program is listed: each is decided once, and runs`, async () => {
    const grown = await s.counted(() => {
      for (let i = 0; i < starts; i++) {
        const id = runtime.bundle(s.path('docker'), ['/bin/cat', '/proc/self/cmdline'])
        expect(runtime.run(id)).toEqual({ status: 0, output: '/bin/cat\0/proc/self/cmdline\0' })
      }
      return Promise.resolve()
    })
    expect(grown).toMatchObject({ exec: starts, denied: 0 })
  }, 600_000)

  test('the sandbox of a pod needs no line in its policy, and is no way in for anything else', () => {
    // Of busybox, which knows no program of this name, and says so when it runs.
    fs.copyFileSync(join(runtimes, 'busybox'), join(runtime.marks, '..', 'pause'))
    const ran = 'applet not found'
    const before = denials()
    const inPod = (...args: string[]) => runtime.bundle(s.path(`kubepods/pod${uid}`), args)
    expect(runtime.run(inPod('/pause')).output).toContain(ran)
    expect(runtime.run(inPod('/bin/sh', '-c', '/pause; :')).output).not.toContain(ran)
    expect(runtime.run(inPod('/bin/sh', '-c', 'exec /pause')).output).not.toContain(ran)
    const id = inPod('/bin/sleep', '60')
    expect(runtime.create(id).status).toBe(0)
    expect(runtime.start(id).status).toBe(0)
    expect(runtime.exec(id, '/pause').output).not.toContain(ran)
    runtime.remove(id)
    // No pod, no sandbox.
    expect(runtime.run(runtime.bundle(s.path('docker'), ['/pause'])).output).not.toContain(ran)
    expect(denials() - before).toBe(4)
  })
})

test('containers that were there before us: their program and what was put there later', async () => {
  const late = new Sandbox({ alone: true })
  const there = names.map((name) => new Runtime(name, runtimes, late.files))
  const folderOf = (id: string) => join(late.cgroup, 'docker', id)
  const inside = (id: string, program: string) =>
    fs
      .readFileSync(join(folderOf(id), 'cgroup.procs'), 'utf8')
      .split('\n')
      .filter((pid) => pid && commandOf(pid).startsWith(program))
      .map(Number)
  try {
    const loop = ['/bin/sh', '-c', 'while :; do /bin/sleep 0.2; done']
    const both = []
    for (const runtime of there) {
      const id = runtime.bundle(late.path('docker'), loop)
      expect(runtime.create(id)).toEqual({ status: 0, output: '' })
      expect(runtime.start(id).status).toBe(0)
      expect(runtime.execDetached(id, ...loop)).toBe(0)
      const { pid } = runtime.state(id)
      const shells = () => inside(id, '/bin/sh')
      const [, second = 0] = await until('both run', () => shells().length === 2 && shells())
      both.push({ id, pid, second })
    }
    await late.start(
      policy(['/bin/sh', '/bin/sleep'].map((exe) => ({ exe, startedBy: 'entrypoint' }))),
    )
    const row = (value: number) => late.tables().processes.get({ value })
    for (const { id, pid, second } of both) {
      expect(row(pid)).toMatchObject({
        lineage: Lineage.ENTRYPOINT,
        subject: cgroupId(folderOf(id)),
      })
      expect(row(second)).toMatchObject({ lineage: Lineage.EXEC, subject: row(pid)?.subject })
      expect(row(pid)?.root).not.toBe(0n)
      expect(row(second)).toMatchObject({ root: row(pid)?.root, mountNs: row(pid)?.mountNs })
      // From now on the one goes on, and the other starts nothing any more.
      const denials = () => late.recordsOf(folderOf(id))
      await until('it was denied', () =>
        denials().some(({ executable }) => executable === '/bin/sleep'),
      )
      expect(new Set(denials().map(({ lineage }) => lineage))).toEqual(new Set(['exec']))
      const started = new Set<number>()
      await until('the other goes on', () => {
        for (const sleeper of inside(id, '/bin/sleep')) started.add(sleeper)
        return started.size > 3
      })
    }
  } finally {
    for (const runtime of there) runtime.close()
    removeLegacyCgroups(late.path(''))
    late.close()
  }
})

/** Empty when it has ended meanwhile. */
function commandOf(pid: string): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
