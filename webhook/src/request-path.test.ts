// SPDX-License-Identifier: Apache-2.0
// Nothing on the way from a body to its answer can reach the network, a file or another process: none of the modules that
// it is made of imports what would be needed for that.
import { readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** Every module of ours that this one loads, and what else they import. Types are gone when it runs. */
function reached(entry: string): { ours: Set<string>; others: Map<string, string> } {
  const ours = new Set<string>()
  const others = new Map<string, string>()
  const visit = (file: string) => {
    if (ours.has(file)) return
    ours.add(file)
    const text = readFileSync(file, 'utf8')
    for (const [, names = '', from = ''] of text.matchAll(
      /^(?:import|export) (?!type\b)([^;'"]*?from )?'([^']+)'/gm,
    )) {
      if (/^\{(?:\s*type [^,}]+,?)+\s*\} from $/.test(names)) continue
      if (from.startsWith('.')) visit(resolve(dirname(file), from))
      else if (!isHarmless(from, names)) others.set(from, relative(root, file))
    }
  }
  visit(resolve(root, entry))
  return { ours, others }
}

/** Of node:net, what only reads addresses. */
function isHarmless(from: string, names: string): boolean {
  if (from !== 'node:net') return pure.includes(from)
  const asked = names.replace(/[{}]|from/g, '').split(',')
  return asked.every((one) => ['isIP', 'isIPv4', 'isIPv6', 'BlockList'].includes(one.trim()))
}

const pure = ['node:path', 'node:buffer', 'node:crypto', 'node:vm', 'node:util']

test('the way from a review to its decision has no door to the outside', () => {
  const { ours, others } = reached('webhook/src/admit.ts')
  expect(ours.size).toBeGreaterThan(40)
  const doors = [...others].filter(([name, file]) => {
    // Logs, metrics and files are what runtime/ is for; of it, the way uses its errors only.
    return name.startsWith('node:') && !file.startsWith('runtime/')
  })
  expect(doors).toEqual([])
})

test('and answering is not asynchronous: nothing can be waited for', () => {
  for (const file of ['reviewer.ts', 'admit.ts', 'judge.ts', 'answer.ts', 'review.ts']) {
    const text = readFileSync(resolve(import.meta.dirname, file), 'utf8')
    expect(text).not.toMatch(/\b(?:await|async|Promise)\b/)
  }
})
