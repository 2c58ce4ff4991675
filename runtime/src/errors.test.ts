// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { failures, reasonOf, UnderpinError, type FailureCode } from './errors.ts'

test('a message has operation, object, found, expected and remedy, in this order', () => {
  const error = new UnderpinError('input-missing', {
    operation: 'read policies',
    object: 'a.yaml',
    found: 'no such file',
    expected: 'a YAML or JSON file',
    remedy: 'check the path',
  })
  expect(error.message).toBe(
    'read policies "a.yaml": found no such file, expected a YAML or JSON file (check the path)',
  )
  expect(error.code).toBe('input-missing')
  expect(error.exitCode).toBe(2)
})

test('parts that are absent leave no trace in the message', () => {
  const error = new UnderpinError('internal', { operation: 'start', found: 'nothing' })
  expect(error.message).toBe('start: found nothing')
})

test('the cause is kept', () => {
  const cause = new Error('first')
  expect(new UnderpinError('internal', { operation: 'x', found: 'y' }, { cause }).cause).toBe(cause)
})

test('every code has an exit code of 2 or 3 and a meaning', () => {
  for (const code of Object.keys(failures) as FailureCode[]) {
    expect([2, 3], code).toContain(failures[code].exitCode)
    expect(failures[code].meaning, code).not.toBe('')
  }
})

test('reasonOf gives the words of anything thrown', () => {
  expect(reasonOf(new Error('a'))).toBe('a')
  expect(reasonOf('b')).toBe('b')
  expect(reasonOf(undefined)).toBe('undefined')
})
