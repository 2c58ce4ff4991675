// SPDX-License-Identifier: Apache-2.0
// What is in force outlives its agent: kill -9, restart, upgrade and bad input let through nothing that policy denies.
// A loop of denied execs runs through all of it; its program would leave a file behind.
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { disarm, enforce } from '../../enforcer/src/index.ts'
import { createLog } from '../../runtime/src/index.ts'
import { documents, ended, need, objects, Sandbox, until } from '../harness/sandbox.ts'

const sh = need('sh')
let s: Sandbox
let touch: string
let marker: string

beforeEach(() => {
  s = new Sandbox({ alone: true })
  touch = join(s.files, 'touch')
  marker = join(s.files, 'escaped')
  fs.copyFileSync(need('touch'), touch)
  fs.chmodSync(touch, 0o755)
})
afterEach(() => {
  s.close()
  expect(fs.existsSync(s.pins)).toBe(false)
  expect(fs.existsSync(s.cgroup)).toBe(false)
})

const policies = (...extra: string[]) =>
  documents(s.policy('box', '**/box*', { processes: [{ exe: [sh, ...extra] }] }))
const escapes = () => fs.existsSync(marker)
const denials = () =>
  s
    .records()
    .filter(({ executable }) => executable === touch)
    .reduce((sum, { count }) => sum + count, 0)
const moreDenials = async (by = 20) => {
  const before = denials()
  await until(`${by} more execs are denied`, () => denials() >= before + by)
}
/** A denied exec after the other, until the sandbox closes. */
const loop = (cgroup = 'box') =>
  s.spawn(cgroup, [sh, '-c', 'while :; do "$0" "$1"; done', touch, marker], { stdio: 'ignore' })
const line = (message: string) => s.log.findLast((entry) => entry.message === message)
/** The same programs in a file of other bytes. */
function upgraded(): string {
  const folder = join(s.files, `objects-${randomBytes(2).toString('hex')}`)
  fs.cpSync(objects, folder, { recursive: true })
  fs.appendFileSync(join(folder, 'underpin.bpf.o'), randomBytes(16))
  return folder
}

test('kill -9: what is denied stays denied, new containers are bound, the next agent takes over', async () => {
  await s.start(policies(), { child: true })
  expect(line('attached')?.takenOver).toBe(false)
  loop()
  await moreDenials()
  await s.end('SIGKILL')
  await moreDenials()
  for (let i = 0; i < 20; i++) {
    const { code } = await s.run(`new-${i}/box-${i}`, [sh, '-c', '"$0" "$1"', touch, marker])
    expect(code).not.toBe(0)
  }
  await s.startChild()
  expect(line('attached')?.takenOver).toBe(true)
  await moreDenials()
  expect(escapes()).toBe(false)

  await s.setPolicies(policies(touch))
  await until('the loop is allowed', escapes)
  const { denied, emitted, suppressed, lost } = s.counters()
  expect(denied).toBe((emitted ?? 0) + (suppressed ?? 0) + (lost ?? 0))
})

test('a graceful end keeps it in force as well; disarm removes everything', async () => {
  await s.start(policies(), { child: true })
  loop()
  await moreDenials()
  await s.end('SIGTERM')
  await moreDenials()
  expect(escapes()).toBe(false)
  expect(disarm(s.pins)).toBeGreaterThan(20)
  expect(fs.existsSync(s.pins)).toBe(false)
  await until('nothing is denied', escapes)
})

test('an upgrade attaches the new programs before the old ones go', async () => {
  await s.start(policies(), { child: true })
  loop()
  await moreDenials()
  for (let version = 0; version < 2; version++) {
    await s.end('SIGKILL')
    const before = denials()
    await s.startChild({ objects: upgraded() })
    expect(line('attached')?.takenOver).toBe(false)
    expect(denials()).toBeGreaterThanOrEqual(before)
    await moreDenials()
  }
  expect(fs.readdirSync(s.pins).sort()).toEqual(['links', 'maps', 'programs'])
  expect(escapes()).toBe(false)
})

test('killed at any moment of a start or an upgrade, the next start succeeds', async () => {
  await s.start(policies(), { child: true })
  await s.end('SIGKILL')
  loop()
  const versions = [upgraded(), upgraded()]
  for (let round = 0; round < 6; round++) {
    const start = s.startChild({ objects: versions[round % 2] ?? '' }).catch(() => 'killed')
    const { child } = s
    await new Promise((resolve) => setTimeout(resolve, 250 + 160 * round))
    if (child) await ended(child, 'SIGKILL')
    await start
  }
  await s.startChild({ objects: versions[0] ?? '' })
  await moreDenials()
  expect(escapes()).toBe(false)
})

test('an exchange of programs that was cut off is finished by the next agent', async () => {
  await s.start(policies(), { child: true })
  await s.end('SIGKILL')
  loop()
  fs.renameSync(join(s.pins, 'links'), join(s.pins, 'links-new'))
  fs.mkdirSync(join(s.pins, 'links-old'))
  await moreDenials()
  await s.startChild()
  await moreDenials()
  expect(fs.readdirSync(s.pins).sort()).toEqual(['links', 'maps', 'programs'])
  expect(escapes()).toBe(false)
})

test('maps of another layout are refused, those of a set-up that was cut off are made anew', async () => {
  await s.start(policies(), { child: true })
  await s.end('SIGKILL')
  const { control } = s.tables()
  const row = control.get({ value: 0 })
  control.set({ value: 0 }, { ...row, abi: 99 })
  await expect(s.startChild()).rejects.toThrow(/layout 99, expected layout \d+ .*disarm/)
  control.set({ value: 0 }, { ...row, abi: 0 })
  await s.startChild()
  expect(line('attached')?.takenOver).toBe(false)
})

test('a second agent is refused, and disturbs nothing', async () => {
  await s.start(policies(), { child: true })
  const first = s.child
  await expect(s.startChild()).rejects.toThrow(/another agent \(process \d+\).*stop that one first/)
  s.child = first
  loop()
  await moreDenials()
  await s.setPolicies(policies(touch))
  await until('the loop is allowed', escapes)
})

test('bad policies change nothing, and the state says what is wrong with them', async () => {
  await s.start(policies())
  loop()
  const { generation } = s.current()
  s.write(s.policies, policies(touch).replace('"exe"', '"ecxe"'))
  const problems = await until(
    'it is noticed',
    () => s.current().problems.length > 0 && s.current().problems,
  )
  expect(problems.join('\n')).toMatch(/all\.yaml:\d+:\d+ spec\.processes\[0\].*ecxe/)
  expect(s.current().generation).toBe(generation)
  await moreDenials()
  expect(escapes()).toBe(false)

  s.write(s.policies, 'a: [')
  await until('it is noticed', () => s.current().problems.join() !== problems.join())
  await moreDenials()

  s.write(s.policies, policies())
  await until('it is good again', () => s.current().problems.length === 0)
})

test('a folder that cannot be read is not an empty folder; the problem goes when it is back', async () => {
  await s.start(policies())
  loop()
  fs.renameSync(s.policies, `${s.policies}-away`)
  await until('it is noticed', () => s.current().problems.length > 0)
  await moreDenials()
  fs.renameSync(`${s.policies}-away`, s.policies)
  await until('it is good again', () => s.current().problems.length === 0)
  await moreDenials()
  expect(escapes()).toBe(false)
  await s.setPolicies(policies(touch))
})

test('what cannot be started says why, and leaves nothing behind', async () => {
  const write = () => undefined
  const attempt = (change: object) =>
    enforce({ ...s.options(), ...change, log: createLog({ level: 'silent', write }) })
  s.write(s.policies, policies())
  s.write(s.pods, '')
  const empty = join(s.files, 'empty')
  fs.mkdirSync(empty)
  await expect(attempt({ objects: empty })).rejects.toThrow(/underpin\.bpf\.o.*no such file.*build/)
  const broken = upgraded()
  fs.truncateSync(join(broken, 'underpin.bpf.o'), 5000)
  await expect(attempt({ objects: broken })).rejects.toThrow(/underpin\.bpf\.o/)
  await expect(attempt({ pins: join(s.files, 'pins') })).rejects.toThrow(
    /another file system.*expected bpffs.*mount -t bpf/,
  )
  await expect(attempt({ cgroup: join(s.cgroup, 'missing') })).rejects.toThrow(/missing/)
  await expect(attempt({ cgroup: s.files })).rejects.toThrow(/cgroup/)
  s.write(s.policies, 'kind: Nothing')
  await expect(attempt({})).rejects.toThrow(/all\.yaml:1/)
  expect(fs.existsSync(s.pins)).toBe(false)
  expect(fs.existsSync(join(s.files, 'pins'))).toBe(false)
})
