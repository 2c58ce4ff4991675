// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import schema from '../schema.json' with { type: 'json' }
import { socketUseName, socketUseNumber, socketUses } from './socket-kind.ts'

it('the language and the numbers name the same ways to talk', () => {
  expect([...socketUses].sort()).toEqual([...schema.$defs.SocketUse.enum].sort())
})
it('each has a number of its own, and is found by it', () => {
  for (const name of socketUses) expect(socketUseName(socketUseNumber(name))).toBe(name)
  expect(new Set(socketUses.map(socketUseNumber)).size).toBe(socketUses.length)
})
it('what everybody may use has none', () => {
  // unix, IPv4, IPv6, netlink's routing protocol; see use_of() in bpf/family.bpf.h
  for (const number of [1, 2, 10, 16, 64]) expect(socketUseName(number)).toBeNull()
})
it('families and netlink protocols have the numbers of the kernel', () => {
  expect(socketUseNumber('packet')).toBe(17)
  expect(socketUseNumber('vsock')).toBe(40)
  expect(socketUseNumber('netlink-audit')).toBe(64 + 9)
})
