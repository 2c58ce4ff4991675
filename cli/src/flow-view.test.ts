// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import type { Flow } from '../../enforcer/src/index.ts'
import { bytesText, flowLines, moved, summed } from './flow-view.ts'

const flow = (more: Partial<Flow> = {}): Flow => ({
  subject: { id: '7', scope: 'pod', name: 'shop/web', cgroup: '/pod' },
  executable: '/usr/bin/curl',
  from: null,
  pid: 12,
  direction: 'out',
  target: { protocol: 'TCP', address: '10.0.0.1', port: 443 },
  connections: 1,
  sent: { packets: 2, bytes: 1200 },
  heard: { packets: 3, bytes: 64 },
  first: '2026-01-02T03:04:05.000Z',
  last: '2026-01-02T03:04:06.000Z',
  ...more,
})

describe('flows', () => {
  test('of several processes of a program are one sum', () => {
    const other = flow({
      pid: 13,
      first: '2026-01-01T00:00:00.000Z',
      last: '2026-01-01T00:00:01.000Z',
    })
    expect(summed([flow(), other])).toEqual([
      {
        ...flow(),
        pid: null,
        connections: 2,
        sent: { packets: 4, bytes: 2400 },
        heard: { packets: 6, bytes: 128 },
        first: '2026-01-01T00:00:00.000Z',
      },
    ])
    expect(summed([flow(), flow({ direction: 'in' })])).toHaveLength(2)
  })

  test('are shown when they moved', () => {
    const before = new Map<string, number>()
    expect(moved([flow()], before)).toHaveLength(1)
    expect(moved([flow()], before)).toHaveLength(0)
    expect(moved([flow({ heard: { packets: 4, bytes: 70 } })], before)).toHaveLength(1)
  })

  test('as lines', () => {
    const v6 = flow({
      direction: 'in',
      pid: null,
      executable: '/bin/\u001b[31mx',
      target: { protocol: 'UDP', address: 'fd00::1', port: 53 },
    })
    const none = flow({ target: null })
    expect(flowLines([flow(), v6, none])).toEqual([
      '  shop/web  /usr/bin/curl (12)  → 10.0.0.1:443/TCP                               1×  sent 1.2 kB  in 2  heard 64 B  in 3',
      '  shop/web  /bin/\\x1b[31mx      ← [fd00::1] at :53/UDP                           1×  sent 1.2 kB  in 2  heard 64 B  in 3',
      '  shop/web  /usr/bin/curl (12)  everything else (no room for rows of their own)  1×  sent 1.2 kB  in 2  heard 64 B  in 3',
    ])
  })

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [99_949, '99.9 kB'],
    [123_456, '123 kB'],
    [5_000_000_000, '5.0 GB'],
  ])('%i bytes', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text)
  })
})
