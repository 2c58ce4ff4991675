// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { createLifecycle, nextSignal } from './lifecycle.ts'
import { createLog } from './log.ts'

const silent = createLog({ level: 'silent' })

test('parts stop in reverse order, once', async () => {
  const order: string[] = []
  const life = createLifecycle(silent)
  life.running('first', () => void order.push('first'))
  life.running('second', async () => {
    await Promise.resolve()
    order.push('second')
  })
  expect(life.stopping).toBe(false)
  await Promise.all([life.stop(), life.stop()])
  expect(order).toEqual(['second', 'first'])
  expect(life.stopping).toBe(true)
})

test('a part that fails or hangs is logged, and the others still stop', async () => {
  const lines: string[] = []
  const log = createLog({ write: (line) => lines.push(line) })
  const life = createLifecycle(log, 20)
  let stopped = false
  life.running('good', () => {
    stopped = true
  })
  life.running('hangs', () => new Promise<void>(() => undefined))
  life.running('fails', () => {
    throw new Error('no')
  })
  await life.stop()
  expect(stopped).toBe(true)
  expect(lines.map((line) => (JSON.parse(line) as { part: string }).part)).toEqual([
    'fails',
    'hangs',
  ])
})

test('a signal is heard once, and its listeners are gone after', async () => {
  const before = process.listenerCount('SIGUSR2')
  const signal = nextSignal(['SIGUSR2'])
  process.emit('SIGUSR2', 'SIGUSR2')
  expect(await signal).toBe('SIGUSR2')
  expect(process.listenerCount('SIGUSR2')).toBe(before)
})
