// SPDX-License-Identifier: Apache-2.0
// Reads a mapping that a user wrote, field by field, and collects everything that is wrong with it.

import { isFields, type Fields } from '../fields.ts'

export type ProfileProblem = { path: string; found: string; expected: string }

export class Reading {
  readonly problems: ProfileProblem[]
  readonly #fields: Fields
  readonly #path: string

  constructor(fields: Fields, path: string, problems: ProfileProblem[] = []) {
    this.#fields = fields
    this.#path = path
    this.problems = problems
  }

  complain(key: string, found: string, expected: string): void {
    const path = this.#path === '' ? key : `${this.#path}.${key}`
    this.problems.push({ path, found, expected })
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#fields, key)
  }

  only(keys: readonly string[]): void {
    for (const key of Object.keys(this.#fields)) {
      if (!keys.includes(key)) this.complain(key, 'an unknown field', `one of ${keys.join(', ')}`)
    }
  }

  child(key: string): Reading {
    const path = this.#path === '' ? key : `${this.#path}.${key}`
    return new Reading(this.mapping(key), path, this.problems)
  }

  mapping(key: string): Fields {
    return this.#read(key, 'a mapping', isFields) ?? {}
  }

  text(key: string, otherwise: string): string {
    return this.#read(key, 'a text', (value) => typeof value === 'string') ?? otherwise
  }

  needed(key: string): string {
    const value = this.text(key, '')
    if (value === '') this.complain(key, 'nothing', 'a text')
    return value
  }

  flag(key: string, otherwise: boolean): boolean {
    return this.#read(key, 'true or false', (value) => typeof value === 'boolean') ?? otherwise
  }

  number(key: string): number | null {
    const isNumber = (value: unknown): value is number => Number.isSafeInteger(value)
    return this.#read(key, 'a whole number', isNumber) ?? null
  }

  texts(key: string): string[] {
    const isTexts = (value: unknown): value is string[] =>
      Array.isArray(value) && value.every((one) => typeof one === 'string')
    return this.#read(key, 'a list of texts', isTexts) ?? []
  }

  /** A list with something in it. */
  some(key: string): string[] {
    const texts = this.texts(key)
    if (texts.length === 0) this.complain(key, 'nothing', 'a list of texts with at least one')
    return texts
  }

  numbers(key: string): number[] {
    const isNumbers = (value: unknown): value is number[] =>
      Array.isArray(value) && value.every((one) => Number.isSafeInteger(one))
    return this.#read(key, 'a list of whole numbers', isNumbers) ?? []
  }

  oneOf<T extends string>(key: string, words: readonly T[], otherwise: T): T {
    const isWord = (value: unknown): value is T => words.some((word) => word === value)
    return this.#read(key, `one of ${words.join(', ')}`, isWord) ?? otherwise
  }

  #read<T>(key: string, expected: string, is: (value: unknown) => value is T): T | undefined {
    if (!this.has(key)) return undefined
    const value = this.#fields[key]
    if (is(value)) return value
    this.complain(key, (JSON.stringify(value) ?? 'nothing').slice(0, 60), expected)
    return undefined
  }
}
