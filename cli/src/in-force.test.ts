// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import type { State } from '../../enforcer/src/index.ts'
import { pending } from './in-force.ts'
import { mounted } from './machine.ts'
import { planOf } from './specimen.ts'

const key = 'RuntimePolicy/shop/a'
const state = (given: Partial<State>) =>
  ({
    problems: [],
    applied: '2030-01-01T00:00:00Z',
    loaded: [{ key, mode: 'audit', file: 'a.yaml', line: 1 }],
    ...given,
  }) as unknown as State

test('in force when names and modes are those of the files, and the files have no problems', () => {
  const audit = planOf({ a: { deny: [] } })
  expect(pending(state({}), audit)).toBeNull()
  expect(pending(state({}), planOf({ a: { mode: 'enforce', deny: [] } }))).toBe(
    `${key} is still in audit`,
  )
  expect(pending(state({}), planOf({ a: { deny: [] }, b: { deny: [] } }))).toBe(
    'RuntimePolicy/shop/b is not loaded yet',
  )
  expect(pending(state({}), planOf({}))).toBe(`${key} is still loaded`)
  expect(pending(state({ problems: ['bad'] }), audit)).toContain('bad')
})

test('where a file system is mounted', () => {
  const mounts = 'none /sys/fs/cgroup/unified cgroup2 rw 0 0\n'
  expect(mounted(mounts, 'cgroup2', 'cgroup v2', '').found).toBe('/sys/fs/cgroup/unified')
  expect(mounted(mounts, 'bpf', 'bpffs', 'mount it')).toMatchObject({
    state: 'missing',
    better: 'mount it',
  })
})
