// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { setMode } from './set-mode.ts'

const policy = (spec: string) => `# before
apiVersion: underpin.dev/v1alpha1
kind: RuntimePolicy
metadata: { name: a, namespace: shop } # who
spec:
${spec}
`
const key = 'RuntimePolicy/shop/a'

test.each([
  ['plain', '  mode: audit # for now', '  mode: enforce # for now'],
  ['in double quotes', '  mode:   "audit"', '  mode:   "enforce"'],
  ['in single quotes', "  mode: 'audit'", "  mode: 'enforce'"],
  [
    'last',
    '  deny: [{ protocol: stratum }]\n  mode: audit',
    '  deny: [{ protocol: stratum }]\n  mode: enforce',
  ],
  ['absent', '  # rails\n  deny: []', '  # rails\n  mode: enforce\n  deny: []'],
])('a mode that is %s', (_, before, after) => {
  expect(setMode(policy(before), key, 'enforce')).toBe(policy(after))
})

test.each([
  ['{ deny: [] }', '{ mode: enforce, deny: [] }'],
  ['{deny: []}', '{mode: enforce, deny: []}'],
  ['{"deny": []}', '{"mode": "enforce", "deny": []}'],
  ['{}', '{ "mode": "enforce" }'],
  ['{\n    "deny": []\n  }', '{\n    "mode": "enforce",\n    "deny": []\n  }'],
])('a spec in braces without a mode: %s', (before, after) => {
  const text = (spec: string) =>
    `{"kind": "ClusterRuntimePolicy", "metadata": {"name": "a"}, "spec": ${spec}}`
  expect(setMode(text(before), 'ClusterRuntimePolicy/a', 'enforce')).toBe(text(after))
})

test('only the policy that is meant, among several documents, and line ends stay', () => {
  const text = (mode: string) =>
    [policy('  mode: audit').replace('name: a', 'name: b'), policy(`  mode: ${mode}`)]
      .join('---\n')
      .replaceAll('\n', '\r\n')
  expect(setMode(text('audit'), key, 'enforce')).toBe(text('enforce'))
  expect(setMode(text('enforce'), key, 'audit')).toBe(text('audit'))
})

test('what cannot be edited without changing more is left to somebody', () => {
  expect(
    setMode(policy('  mode: *m').replace('# before', 'x: &m audit'), key, 'enforce'),
  ).toBeNull()
  expect(setMode(policy('  mode: audit'), 'RuntimePolicy/shop/other', 'enforce')).toBeNull()
})
