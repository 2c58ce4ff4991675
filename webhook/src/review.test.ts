// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest'
import { denied, errored, oneLine, readReview, warned, writeAnswer } from './review.ts'
import { podOf, reviewOf } from './specimens.ts'

const whom = { uid: 'u', apiVersion: 'admission.k8s.io/v1' }
type Written = {
  apiVersion: string
  kind: string
  response: {
    uid: string
    allowed: boolean
    status?: { code: number; reason: string; message: string; status: string }
    warnings?: string[]
    auditAnnotations?: Record<string, string>
  }
}
const written = (text: string) => JSON.parse(text) as Written

describe('reading', () => {
  test('a review', () => {
    const review = readReview(JSON.stringify(reviewOf({ object: podOf(), dryRun: true })))
    expect(review).toMatchObject({
      uid: 'b0a1',
      operation: 'CREATE',
      resource: 'pods',
      kind: 'Pod',
      namespace: 'shop',
      user: 'jane',
      dryRun: true,
      oldObject: null,
    })
  })

  test.each([
    ['not JSON', 'hello', null],
    ['empty', '', null],
    ['an array', '[]', null],
    ['null', 'null', null],
    ['no request', '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}', null],
    ['no uid', JSON.stringify(reviewOf({ uid: undefined })), null],
    ['uid of another type', JSON.stringify(reviewOf({ uid: 7 })), null],
    ['an uid as long as a book', JSON.stringify(reviewOf({ uid: 'x'.repeat(100_000) })), null],
    ['another kind', JSON.stringify({ ...reviewOf({}), kind: 'ConversionReview' }), 'b0a1'],
    [
      'another version',
      JSON.stringify({ ...reviewOf({}), apiVersion: 'admission.k8s.io/v9' }),
      'b0a1',
    ],
    ['cut off', JSON.stringify(reviewOf({})).slice(0, 150), 'b0a1'],
  ])('%s', (_name, body, uid) => {
    expect(readReview(body)).toMatchObject({ uid, why: expect.any(String) as string })
  })

  test('a __proto__ key is no reason to refuse', () => {
    const body = JSON.stringify(reviewOf({ object: podOf() })).replace(
      '"labels":{}',
      '"labels":{"__proto__":"x","constructor":"y"}',
    )
    expect(readReview(body)).toMatchObject({ uid: 'b0a1' })
  })
})

describe('writing', () => {
  test('a denial is 403 Forbidden', () => {
    const { kind, response } = written(writeAnswer(denied(whom, 'no')))
    expect(kind).toBe('AdmissionReview')
    expect(response).toEqual({
      uid: 'u',
      allowed: false,
      status: { status: 'Failure', code: 403, reason: 'Forbidden', message: 'no' },
    })
  })

  test('the version is echoed', () => {
    const text = writeAnswer(warned({ uid: 'u', apiVersion: 'admission.k8s.io/v1beta1' }, []))
    expect(written(text).apiVersion).toBe('admission.k8s.io/v1beta1')
  })

  test('warnings have one line, 256 bytes, no duplicates, and there are 16 at most', () => {
    const many = Array.from({ length: 40 }, (_, i) => `${i} é\n\u0007`.padEnd(400, 'ü'))
    const { response } = written(writeAnswer(warned(whom, ['a\nb', 'a b', ...many])))
    expect(response.warnings).toHaveLength(16)
    expect(response.warnings?.[0]).toBe('a b')
    for (const warning of response.warnings ?? []) {
      expect(Buffer.byteLength(warning)).toBeLessThanOrEqual(256)
      // eslint-disable-next-line no-control-regex -- that there are none
      expect(warning).not.toMatch(/[\u0000-\u001f\ufffd]/)
    }
  })

  test('a character is not cut in two', () => {
    expect(oneLine('é'.repeat(10), 12)).toBe('éééé...')
  })

  test('audit annotations keep to names that the API server takes', () => {
    const { response } = written(
      writeAnswer({
        ...warned(whom, []),
        audit: { rule: 'x\ny', 'a/b': 'no', '': 'no', 'end.': 'no', [`x${'y'.repeat(63)}`]: 'no' },
      }),
    )
    expect(response.auditAnnotations).toEqual({ rule: 'x y' })
  })

  test('an audit annotation has 1,024 bytes at most', () => {
    const { response } = written(
      writeAnswer({ ...warned(whom, []), audit: { rule: 'ü'.repeat(5000) } }),
    )
    expect(Buffer.byteLength(response.auditAnnotations?.rule ?? '')).toBeLessThanOrEqual(1024)
  })

  test('half characters and those that turn the direction do not get out', () => {
    expect(oneLine('a\ud800b\u202ec', 100)).toBe('a\ufffdb c')
  })

  test('the failure mode decides what could not be judged', () => {
    expect(errored(whom, 'why', 'allow')).toMatchObject({
      allowed: true,
      audit: { decision: 'failed-open' },
    })
    expect(errored(whom, 'why', 'deny')).toMatchObject({ allowed: false, code: 500 })
  })
})
