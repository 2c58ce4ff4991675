// SPDX-License-Identifier: Apache-2.0
// A name for a finding that stays the same when lines move, files are renamed, containers change places or
// an image gets a new tag, and changes when the cause does: another port excluded is another finding.

import { hash } from 'node:crypto'
import { isFields, text } from './fields.ts'
import type { Finding } from './finding.ts'
import { stepsOf } from './manifests.ts'

/** Twice the same cause in the same place (two templates of one name) is told apart by its turn. */
export class Fingerprints {
  readonly #turns = new Map<string, number>()

  of({ id, mesh, object, path }: Finding, holder: unknown): string {
    const { named, value } = walk(holder, path)
    const cause = JSON.stringify([id, mesh, object, named, value])
    const turn = (this.#turns.get(cause) ?? 0) + 1
    this.#turns.set(cause, turn)
    return hash('sha256', `${cause}#${turn}`).slice(0, 32)
  }
}

/** The path with the names of list items instead of their numbers, and what is written there. */
function walk(holder: unknown, path: string): { named: string[]; value: unknown } {
  const named: string[] = []
  let value = holder
  for (const step of stepsOf(path)) {
    const below: unknown =
      (isFields(value) || Array.isArray(value)) && Object.hasOwn(value, step)
        ? (value as Record<string | number, unknown>)[step]
        : undefined
    named.push(typeof step === 'number' ? `[${text(below, 'name') ?? step}]` : step)
    value = below
  }
  const isPlain = typeof value !== 'object' && value !== undefined
  const isImage = named.at(-1) === 'image' && typeof value === 'string'
  return { named, value: isImage ? repository(String(value)) : isPlain ? value : null }
}

/** registry.example:5000/shop/cart:1.2@sha256:… → registry.example:5000/shop/cart */
function repository(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^:/]*$/, '')
}
