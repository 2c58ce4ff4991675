// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { hookOf, isWanted, ofCgroup, pairOf } from './programs.ts'

test('of a pair the mechanism takes one, or none', () => {
  const lsm = { name: 'code_lsm_mmap', section: 'lsm/mmap_file' }
  const fmodRet = { name: 'code_fmod_ret_mmap', section: 'fmod_ret/security_mmap_file' }
  expect([isWanted(lsm, 'lsm'), isWanted(fmodRet, 'lsm')]).toEqual([true, false])
  expect([isWanted(lsm, 'fmod_ret'), isWanted(fmodRet, 'fmod_ret')]).toEqual([false, true])
  expect([isWanted(lsm, 'signal'), isWanted(fmodRet, null)]).toEqual([false, false])
})

test('what is no pair is always wanted, but for the tests own program', () => {
  for (const [name, section] of [
    ['exec_done', 'tp_btf/sched_process_exec'],
    ['identity_fork', 'tp_btf/sched_process_fork'],
    ['connect4', 'cgroup/connect4'],
  ] as const)
    expect(isWanted({ name, section }, null)).toBe(true)
  expect(isWanted({ name: 'ask', section: 'tc' }, 'lsm')).toBe(false)
})

test('names and sections say what a program is', () => {
  expect(pairOf('exec_lsm')).toEqual({ decision: 'exec', mechanism: 'lsm' })
  expect(pairOf('privilege_fmod_ret_capable')).toEqual({
    decision: 'privilege',
    mechanism: 'fmod_ret',
  })
  expect(pairOf('exec_done')).toBeNull()
  expect(hookOf('fmod_ret/security_file_open')).toBe(hookOf('lsm/file_open'))
  expect([ofCgroup('cgroup_skb/egress'), ofCgroup('cgroup/bind4'), ofCgroup('lsm/x')]).toEqual([
    true,
    true,
    false,
  ])
})
