// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { JsonPlaces, jsonValues } from './json-text.ts'

// The machine may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 })

type Path = (string | number)[]

function* pathsOf(value: unknown, path: Path = []): Generator<[Path, unknown]> {
  yield [path, value]
  if (Array.isArray(value))
    for (const [i, one] of value.entries()) yield* pathsOf(one, [...path, i])
  else if (typeof value === 'object' && value !== null)
    for (const [key, one] of Object.entries(value)) yield* pathsOf(one, [...path, key])
}

const json = fc.oneof(fc.jsonValue({ maxDepth: 5 }), fc.dictionary(fc.string(), fc.jsonValue()))

it('every value is where it is said to be', () => {
  fc.assert(
    fc.property(json, fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      const places = new JsonPlaces(text)
      for (const [path, there] of pathsOf(value)) {
        const { at, end } = places.find(path)
        expect(JSON.parse(text.slice(at, end))).toEqual(JSON.parse(JSON.stringify(there)))
      }
    }),
    { numRuns: 300 },
  )
})

it('values that follow one another are told apart', () => {
  const holder = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()))
  fc.assert(
    fc.property(
      fc.array(holder, { minLength: 1 }),
      fc.constantFrom('', '\n', ' \n\t'),
      (all, between) => {
        const text = all.map((one) => JSON.stringify(one)).join(between)
        expect(jsonValues(text).rest).toBeNull()
        expect(jsonValues(text).values.map((one) => JSON.parse(one.text) as unknown)).toEqual(
          all.map((one) => JSON.parse(JSON.stringify(one)) as unknown),
        )
      },
    ),
    { numRuns: 300 },
  )
})

it('of two fields of one name the last is found, as JSON.parse has it', () => {
  expect(new JsonPlaces('{"a":1,"a":22}').find(['a'])).toEqual({ at: 11, end: 13, name: 7 })
})

it('what does not end, or is something else, is told with its place', () => {
  expect(jsonValues('{"a": 1} {"b"')).toEqual({ values: [{ text: '{"a": 1}', at: 0 }], rest: 9 })
  expect(jsonValues('{} x')).toEqual({ values: [{ text: '{}', at: 0 }], rest: 3 })
  expect(jsonValues('x')).toEqual({ values: [], rest: 0 })
})
