// SPDX-License-Identifier: Apache-2.0
// What is attached only while it is asked for, and on which kernels it can go again.
import { expect, it } from 'vitest'
import { Decides } from './abi.gen.ts'
import { askedFor, canAttachAgain } from './on-demand.ts'

it.each([
  ['5.10.0-35-cloud-amd64', false],
  ['5.12.19', false],
  ['5.13.0', true],
  ['5.15.0-101-generic', true],
  ['6.1.192', true],
  ['10.0.0-rc1', true],
])('%s: programs can be attached again: %s', (kernel, can) => {
  expect(canAttachAgain(kernel)).toBe(can)
})

it('exec is always attached, the others when a plan decides what they are about', () => {
  expect(askedFor('exec_lsm')).toBe(0)
  expect(askedFor('file_fmod_ret_path_rename')).toBe(Decides.FILES)
  expect(askedFor('privilege_lsm_bpf')).toBe(Decides.PRIVILEGES)
  expect(askedFor('connect4')).toBe(0)
})
