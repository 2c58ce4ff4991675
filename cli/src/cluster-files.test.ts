// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { clusterKnowledge } from './cluster-files.ts'

const known = (text: string) => clusterKnowledge([{ text }], { profiles: [], settings: undefined })
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
