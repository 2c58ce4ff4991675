// SPDX-License-Identifier: Apache-2.0
// What the chart says of the rest is true: flags exist, metrics are told, each right has its reason.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commands } from '../cli/src/commands/index.ts'

const root = join(import.meta.dirname, '..')
const chart = join(root, 'charts/underpin')
const read = (path: string) => readFileSync(join(chart, path), 'utf8')

test.each([
  ['webhook', 'templates/webhook/deployment.yaml'],
  ['controller', 'templates/controller/deployment.yaml'],
  ['agent', 'templates/agent/daemonset.yaml'],
])('every flag of the %s exists', async (name, file) => {
  const flags = [...read(file).matchAll(/--([a-z][a-z-]+)/g)].map(([, flag]) => flag ?? '')
  // The controller's init container is another command.
  const entries = commands.filter(
    (one) => one.name === name || (name === 'controller' && one.name === 'crds apply'),
  )
  const known = (await Promise.all(entries.map(({ load }) => load()))).flatMap(({ options }) =>
    options.map((option) => option.name),
  )
  expect(flags.length).toBeGreaterThan(1)
  expect(flags.filter((flag) => !known.includes(flag))).toEqual([])
})

describe('metrics', () => {
  const sources = ['runtime', 'webhook', 'enforcer', 'controller', 'cli']
    .flatMap((folder) =>
      readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !name.includes('.test.'))
        .map((name) => readFileSync(join(root, folder, 'src', name), 'utf8')),
    )
    .join('\n')
  /** Some are registered by their last words. */
  const isTold = (name: string) =>
    ['', 'underpin_', 'underpin_agent_'].some((prefix) =>
      name.startsWith(prefix) ? sources.includes(`'${name.slice(prefix.length)}'`) : false,
    )
  test.each(['templates/monitoring/alerts.yaml', 'dashboards/underpin.json'])(
    '%s asks for what is told',
    (file) => {
      const asked = [...read(file).matchAll(/\bunderpin_[a-z_]+/g)].map(([name]) =>
        name.replace(/_(bucket|sum|count)$/, ''),
      )
      expect(asked.length).toBeGreaterThan(5)
      expect([...new Set(asked)].filter((name) => !isTold(name))).toEqual([])
    },
  )
})

test.each(['webhook', 'controller', 'agent'])('each right of the %s has its reason', (part) => {
  const lines = read(`templates/${part}/rights.yaml`).split('\n')
  const bare = lines.filter((line, at) => {
    const before = lines.slice(0, at).findLast((one) => !/^\s*(\{\{|$)/.test(one)) ?? ''
    return /^\s*- apiGroups:/.test(line) && !/^\s*#/.test(before)
  })
  expect(bare).toEqual([])
})
