// SPDX-License-Identifier: Apache-2.0
// An agent in a pid namespace of its own: it refuses to work where it cannot see the processes that it is to know, and where
// a whole node lives in that namespace it knows them by the kernel's numbers, not by its own.
import { spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hashKeyOf } from '../../enforcer/src/plan/apply.ts'
import { hashPath } from '../../enforcer/src/plan/path-hash.ts'
import { cgroupId } from '../../enforcer/src/kernel/cgroups.ts'
import { documents, ended, need, Sandbox, until } from '../harness/sandbox.ts'

const agent = new URL('../harness/agent.ts', import.meta.url).pathname
const sleeper = need('sleep')
let s: Sandbox
beforeAll(() => {
  s = new Sandbox({ alone: true })
})
afterAll(() => s.close())

/** A node: the agent, and before it `code`, in a pid namespace of their own. */
function node(code: string) {
  s.write(s.policies, documents(s.policy('box', 'box', { processes: [{ exe: sleeper }] })))
  s.write(s.pods, '')
  const argv = [process.execPath, agent, JSON.stringify(s.options())]
  const child = spawn(
    need('unshare'),
    ['-p', '-f', '--mount-proc', '--kill-child', need('sh'), '-c', `${code} "$@"`, 'sh', ...argv],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let said = ''
  child.stdout.on('data', (data: Buffer) => (said += data.toString()))
  return { child, said: () => said }
}

test('processes that it cannot see: it refuses, and says what it needs', async () => {
  const outside = s.spawn('box', [sleeper, '60'])
  await until('it sleeps', () => fs.readlinkSync(`/proc/${outside.pid}/exe`) === sleeper)
  const { child, said } = node('exec')
  await ended(child)
  expect(said()).toMatch(/pid namespace around ours/)
  expect(fs.existsSync(s.pins)).toBe(false)
  await ended(outside, 'SIGKILL')
})

test('a node that is a container: its processes are known by the kernel’s numbers', async () => {
  const enter = `( echo 0 > ${s.folder('box')}/cgroup.procs; exec ${sleeper} 60 ) & sleep 0.2; exec`
  const { child, said } = node(enter)
  await until('it is ready', () => said().includes('"ready"'), 30_000)
  const [pid = 0] = fs
    .readFileSync(`${s.folder('box')}/cgroup.procs`, 'utf8')
    .split('\n')
    .map(Number)
  const row = s.tables().processes.get({ value: pid })
  expect(row?.subject).toBe(cgroupId(s.folder('box')))
  const image = s.tables().images.get({ value: row?.image ?? 0n })
  expect(image?.exe.hash).toBe(hashPath(hashKeyOf(s.tables()), sleeper).hash)
  // Nobody else got a row because the agent calls the process by another number.
  expect([...s.tables().processes.keys()].map(({ value }) => value)).toEqual([pid])
  await ended(child, 'SIGKILL') // unshare ends the agent with itself
})
