// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { clusterKnowledge } from './cluster-files.ts'

const known = (text: string) =>
  clusterKnowledge([{ file: 'm.yaml', text }], { profiles: [], settings: undefined })
const namesIn = (text: string) => [...known(text).namespaces.keys()]
const namespace = (name: string, more = '') =>
  `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n${more}`

test.each<[string, string, string[]]>([
  ['one document', namespace('a'), ['a']],
  [
    'several',
    `---\n${namespace('a')}---\n${namespace('b')}--- # c\n${namespace('c')}`,
    ['a', 'b', 'c'],
  ],
  [
    'line ends of Windows',
    `${namespace('a')}---\n${namespace('b')}`.replaceAll('\n', '\r\n'),
    ['a', 'b'],
  ],
  [
    'dashes in a text',
    namespace('a', '  annotations:\n    note: |\n      ---\n      ----\n'),
    ['a'],
  ],
  ['a directive', `%YAML 1.2\n---\n${namespace('a')}---\n${namespace('b')}`, ['a', 'b']],
  [
    'a List',
    JSON.stringify({ kind: 'List', items: [{ kind: 'Namespace', metadata: { name: 'a' } }] }),
    ['a'],
  ],
  ['nothing', '', []],
  ['what is no object', '--- 7\n--- [x]\n---\n', []],
])('%s', (_name, text, expected) => {
  expect(namesIn(text)).toEqual(expected)
})

test('webhook configurations and labels are there', () => {
  const text =
    namespace('a', '  labels: { tier: prod }\n') +
    '---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\n' +
    'metadata: { name: m }\nwebhooks: [{ name: namespace.sidecar-injector.istio.io }]\n'
  const { namespaces, injectors } = known(text)
  expect(namespaces.get('a')?.labels.get('tier')).toBe('prod')
  expect(injectors.map(({ name }) => name)).toEqual(['namespace.sidecar-injector.istio.io'])
})

test('files are understood as a scan understands them', () => {
  const items = [{ kind: 'List', items: [{ metadata: { name: 'b' }, kind: 'Namespace' }] }]
  const text =
    `${namespace('a', '  labels: { tier: prod, tier: test, on: "yes", date: 2026-11-21 }\n')}---\n` +
    `${JSON.stringify({ kind: 'List', apiVersion: 'v1', items })}\n`
  const { namespaces } = known(text)
  expect([...namespaces.keys()]).toEqual(['a', 'b'])
  expect(namespaces.get('a')?.labels.get('tier')).toBe('test')
  expect(namespaces.get('a')?.labels.get('date')).toBe('2026-11-21')
})

test('of two objects of one name the last one counts', () => {
  const webhooks = (name: string) =>
    'apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\n' +
    `metadata: { name: m }\nwebhooks: [{ name: ${name} }]\n`
  const { namespaces, injectors } = known(
    `${namespace('a')}---\n${namespace('a', '  labels: { tier: prod }\n')}---\n` +
      `${webhooks('old.istio.io')}---\n${webhooks('new.istio.io')}`,
  )
  expect(namespaces.get('a')?.labels.get('tier')).toBe('prod')
  expect(injectors.map(({ name }) => name)).toEqual(['new.istio.io'])
})

test('a policy among them counts', () => {
  const { policies } = known(
    'apiVersion: underpin.dev/v1alpha1\nkind: CoveragePolicy\nmetadata: { name: mesh }\n' +
      'spec:\n  meshes: [istio]\n  namespaces: [{ name: all, select: { namespaces: {} }, mode: deny }]\n',
  )
  expect(policies.map(({ key }) => key)).toEqual(['CoveragePolicy/mesh'])
})

test.each([
  ['a mistake', `${namespace('a')}---\na: [1\n`, 'm.yaml:7'],
  ['a template', `${namespace('a')}---\na: {{ .Values.a }}\n`, 'helm template'],
  ['a policy with a problem', 'kind: CoveragePolicy\nmetadata: { name: a }\n', 'm.yaml:1'],
])('nothing of it is used when there is %s', (_, text, told) => {
  let message = ''
  try {
    known(text)
  } catch (error) {
    message = error instanceof Error ? error.message : ''
  }
  expect(message).toContain('none of them is used')
  expect(message).toContain(told)
})
