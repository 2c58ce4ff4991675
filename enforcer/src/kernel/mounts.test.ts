// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { chainOf, kernelDevice, readMounts } from './mounts.ts'

const mounts = readMounts(
  [
    '22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw',
    '24 22 0:21 / /sys rw,nosuid shared:7 - sysfs sysfs rw',
    '31 24 0:28 / /sys/fs/bpf rw,nosuid shared:11 master:3 - bpf bpf rw,mode=700',
    '40 22 0:30 / /srv/a\\040shared:99 rw - tmpfs tmpfs rw',
    '',
  ].join('\n'),
)

test('a mount, its device as the kernel counts it, and whom it shares with', () => {
  expect(mounts[0]).toEqual({ id: 22, parent: 1, device: (8 << 20) | 2, peers: 1 })
  expect(mounts[2]).toMatchObject({ id: 31, device: 28, peers: 11 })
  expect(mounts[3]).toMatchObject({ id: 40, peers: 0 })
})

test('the mounts that lead to a file system, and no others', () => {
  expect(chainOf(mounts, 28).map(({ id }) => id)).toEqual([31, 24, 22])
  expect(chainOf(mounts, 99)).toEqual([])
  expect(chainOf([{ id: 5, parent: 5, device: 1, peers: 0 }], 1)).toHaveLength(1)
})

test('devices from stat(2), large minor numbers too', () => {
  expect(kernelDevice(28n)).toBe(28)
  expect(kernelDevice(0x802n)).toBe((8 << 20) | 2)
  expect(kernelDevice(0x100000ffn)).toBe(0x100ff)
})
