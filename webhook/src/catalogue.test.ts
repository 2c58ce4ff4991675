// SPDX-License-Identifier: Apache-2.0
// Every finding that the catalogue names is made somewhere, so that the list is no wish list.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { catalogue, type FindingId } from './catalogue.ts'
import { severities } from './finding.ts'

const folder = import.meta.dirname
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter(
    (name) => name.endsWith('.ts') && !/\.test\.ts$|catalogue\.ts$|specimens|cases/.test(name),
  )
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n')

test.each(Object.keys(catalogue) as FindingId[])(
  '%s is found by some rule, and has a remedy',
  (id) => {
    expect(sources.includes(`'${id}'`)).toBe(true)
    expect(catalogue[id].remedy).not.toBe('')
    expect(severities).toContain(catalogue[id].severity)
  },
)
