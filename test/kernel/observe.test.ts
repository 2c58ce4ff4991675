// SPDX-License-Identifier: Apache-2.0
// Watching the machine while an agent is there: programs that start, processes that end, files and system calls, of a
// subject and of a process that belongs to none; and nothing of it is left when the watch ends.
import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { observe, watchMachine, type Observed } from '../../enforcer/src/index.ts'
import { documents, need, objects, Sandbox, until } from '../harness/sandbox.ts'

const [cat, sh] = [need('cat'), need('sh')]
let s: Sandbox
beforeAll(async () => {
  s = new Sandbox()
  await s.start(documents(s.policy('web', 'web', { processes: [{ exe: [cat, sh] }] })))
  fs.mkdirSync(s.files, { recursive: true })
})
afterAll(() => s.close())

/** Everything that was seen until `done`. */
async function seen(
  act: () => Promise<unknown>,
  done: (all: Observed[]) => boolean,
  cgroup?: string,
) {
  const observer = observe(s.tables(), s.state, new Map())
  const watch = watchMachine({
    objects,
    pins: s.pins,
    processes: true,
    files: true,
    syscalls: true,
    ...(cgroup !== undefined && { cgroup }),
  })
  const all: Observed[] = []
  try {
    await act()
    await until('everything was seen', () => {
      all.push(...observer.take())
      return done(all)
    })
    return { all, syscalls: watch.syscalls() }
  } finally {
    watch.close()
    observer.close()
  }
}

test('a subject: what it starts, opens, asks the kernel for, and how it ends', async () => {
  const file = join(s.files, 'read')
  fs.writeFileSync(file, 'x')
  const of = (all: Observed[]) => all.filter(({ executable }) => executable === cat)
  const { all, syscalls } = await seen(
    () => s.run('web', [cat, file, '/nowhere']),
    (found) => of(found).some(({ event }) => event === 'exit'),
    `/${s.name}`,
  )
  const cats = of(all)
  expect(cats.find(({ event }) => event === 'start')).toMatchObject({
    subject: { scope: 'unmanaged', name: 'web' },
    from: sh,
  })
  expect(cats.filter(({ event }) => event === 'open').map((one) => one.file)).toContain(file)
  expect(cats.find(({ event, file: opened }) => event === 'open' && opened === file)).toMatchObject(
    {
      access: ['read'],
    },
  )
  expect(cats.find(({ event }) => event === 'exit')).toMatchObject({ status: 256 })
  expect(new Set(all.map(({ subject }) => subject.name))).toEqual(new Set(['web']))
  const reads = process.arch === 'arm64' ? 63 : 0
  const row = syscalls.find(({ number }) => number === reads)
  expect(row).toMatchObject({ cgroup: `/${s.name}/web` })
  expect(row?.count).toBeGreaterThan(1)
})

test('a process of no subject is seen with its cgroup, and decided by nobody', async () => {
  const denied = s.counters().denied
  const { all } = await seen(
    () => s.run('elsewhere', [cat, '/dev/null']),
    (found) => found.some(({ event, executable }) => event === 'exit' && executable === cat),
  )
  const start = all.find(({ event, executable }) => event === 'start' && executable === cat)
  expect(start?.subject).toMatchObject({ scope: 'none', name: `/${s.name}/elsewhere` })
  expect(start).toMatchObject({ policy: null, outcome: 'allowed' })
  expect(s.counters().denied).toBe(denied)
})

test('after the watch nothing of it is left', async () => {
  const before = s.counters().observed_lost
  await s.run('web', [cat, '/dev/null'])
  const observer = observe(s.tables(), s.state, new Map())
  try {
    await s.run('elsewhere', [cat, '/dev/null'])
    expect(observer.take().filter(({ event }) => event !== 'decision')).toEqual([])
  } finally {
    observer.close()
  }
  expect(s.counters().observed_lost).toBe(before)
})
