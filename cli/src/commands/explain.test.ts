// SPDX-License-Identifier: Apache-2.0
// What people may ask to have explained, and what they hear when it is not there.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { UnderpinError } from '../../../runtime/src/index.ts'
import type { ExplainResult } from '../../../webhook/src/index.ts'
import { dispatch } from '../dispatch.ts'
import { quietScreen } from '../screen.ts'

const folder = mkdtempSync(join(tmpdir(), 'underpin-explain-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'shop.yaml')
const workload = (kind: string, name: string) =>
  `---\nkind: ${kind}\napiVersion: apps/v1\nmetadata: { name: ${name}, namespace: shop }\nspec:\n  template:\n    spec: { hostNetwork: true, containers: [{ name: app, image: a }] }\n`
writeFileSync(
  file,
  'kind: Namespace\napiVersion: v1\nmetadata: { name: shop, labels: { istio-injection: enabled } }\n' +
    workload('Deployment', 'cart') +
    workload('StatefulSet', 'db'),
)

async function run(...args: string[]) {
  const screen = quietScreen()
  try {
    const status = await dispatch(['explain', ...args], screen)
    return { status, said: screen.said.join('\n'), noted: screen.noted.join('\n') }
  } catch (error) {
    if (!(error instanceof UnderpinError)) throw error
    return { status: error.exitCode, said: screen.said.join('\n'), noted: error.message }
  }
}

it.each([
  [['deployment/cart', '-f', folder], ['Deployment/shop/cart']],
  [['deploy/shop/cart', '-f', file], ['Deployment/shop/cart']],
  [['sts/db', '-f', folder, '-n', 'shop'], ['StatefulSet/shop/db']],
  [[file], ['Deployment/shop/cart', 'StatefulSet/shop/db']],
  [[folder], ['Deployment/shop/cart', 'StatefulSet/shop/db']],
])('%j', async (args, objects) => {
  const { status, said } = await run(...args, '-o', 'json')
  expect(status).toBe(0)
  const { schema, subjects } = JSON.parse(said) as ExplainResult
  expect(schema).toBe('underpin.dev/explain/v1')
  expect(subjects.map(({ object }) => object)).toEqual(objects)
  for (const { meshes } of subjects) {
    const step = meshes[0]?.steps.find(({ id }) => id === 'host-network')
    expect(step).toMatchObject({ decides: true })
  }
})

it('a finding, for people and for programs', async () => {
  expect((await run('host-network')).said).toContain('severity')
  expect(JSON.parse((await run('host-network', '-o', 'json')).said)).toMatchObject({
    id: 'host-network',
    effect: 'not-injected',
  })
})

it.each([
  [[], 'nothing to explain'],
  [['host-netwrok'], 'did you mean host-network?'],
  [['deployment/cart'], '--filename FILE or --cluster'],
  [['deployment/crat', '-f', folder], 'did you mean deployment/cart?'],
  [['deployment/cart', '-f', folder, '-n', 'other'], 'no deployment/cart'],
  [['a', 'b'], '"b" as well'],
])('%j is told what is missing', async (args, words) => {
  const { status, noted } = await run(...args)
  expect([status, noted]).toEqual([2, expect.stringContaining(words)])
})

it('says what could not be read, and that the result is incomplete', async () => {
  writeFileSync(join(folder, 'broken.yaml'), 'a: [1\n')
  const { status, noted } = await run('deployment/cart', '-f', folder)
  expect([status, noted]).toEqual([3, expect.stringContaining('broken.yaml:')])
})
