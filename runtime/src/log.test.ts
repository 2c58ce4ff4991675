// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { createLog, type LogOptions } from './log.ts'

function collect(options: LogOptions = {}) {
  const lines: string[] = []
  const log = createLog({ ...options, write: (line) => lines.push(line) })
  return { log, records: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

test('a line is one JSON object with level, time, message and its keys', () => {
  const { log, records } = collect({ base: { part: 'webhook' } })
  log.info({ namespace: 'shop' }, 'review answered')
  const [record] = records()
  expect(record).toMatchObject({
    level: 'info',
    part: 'webhook',
    namespace: 'shop',
    message: 'review answered',
  })
  expect(Date.parse(String(record?.time))).not.toBeNaN()
})

test.each(['authorization', 'token', 'password', 'secret', 'privateKey', 'cookie', 'body'])(
  'the key %s is redacted, at the top and one level down',
  (key) => {
    const { log, records } = collect()
    log.warn({ [key]: 'hunter2', headers: { [key]: 'hunter2' } }, 'request refused')
    expect(JSON.stringify(records())).not.toContain('hunter2')
  },
)

test('an error is written with its message and stack, not as {}', () => {
  const { log, records } = collect()
  log.error({ err: new Error('broken') }, 'review failed')
  expect(records()[0]?.err).toMatchObject({ message: 'broken' })
})

test('a line below the level is not written', () => {
  const { log, records } = collect({ level: 'warn' })
  log.info('quiet')
  expect(records()).toEqual([])
})
