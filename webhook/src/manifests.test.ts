// SPDX-License-Identifier: Apache-2.0
// Manifests are read as kubectl reads them, and every value is found where it is written.
import { describe, expect, it, vi } from 'vitest'
import { readManifests, stepsOf } from './manifests.ts'

// The machine may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 })

const specs = (text: string) => readManifests('m', text).manifests.map(({ object }) => object.spec)
const pod = (spec: string) => `kind: Pod\nspec: ${spec}\n`

describe('as kubectl reads', () => {
  it.each<[string, string, unknown]>([
    [
      'words for yes',
      pod('{hostNetwork: yes, hostPID: On, hostIPC: y}'),
      { hostNetwork: true, hostPID: true, hostIPC: true },
    ],
    ['words in quotes', pod(`{a: "yes", b: 'on'}`), { a: 'yes', b: 'on' }],
    ['octal numbers', pod('{runAsUser: 02471, mode: 0o644}'), { runAsUser: 1337, mode: 420 }],
    ['a date', pod('{a: 2026-11-21}'), { a: '2026-11-21' }],
    ['the last of two', pod('\n  hostNetwork: false\n  hostNetwork: true'), { hostNetwork: true }],
    ['the last of two in JSON', '{"kind":"Pod","spec":{"a":1,"a":2}}', { a: 2 }],
    ['an alias', `x: &x {hostNetwork: true}\n${pod('*x')}`, { hostNetwork: true }],
    [
      'a merge',
      `x: &x {hostNetwork: true}\n${pod('\n  <<: *x\n  a: 1')}`,
      { hostNetwork: true, a: 1 },
    ],
    [
      'several merges',
      `x: &x {a: 1}\ny: &y {a: 2, b: 2}\n${pod('\n  <<: [*x, *y]')}`,
      { a: 1, b: 2 },
    ],
    ['a tag', pod('{a: !!str 5, b: !!bool "true", c: !!int "7"}'), { a: '5', b: true, c: 7 }],
    ['several lines', pod('{a: [\n  1,\n  2 ],\n  b: "x\n  y"}'), { a: [1, 2], b: 'x y' }],
    ['a folded block', pod('\n  a: >-\n    b\n    c\n  d: 1'), { a: 'b c', d: 1 }],
    ['a block with a margin', pod('\n  a: |2\n      b\n  d: 1'), { a: '  b\n', d: 1 }],
    ['names that are numbers', pod('{80: a, true: b}'), { 80: 'a', true: 'b' }],
    ['the old version', `%YAML 1.1\n---\n${pod('{a: 1}')}`, { a: 1 }],
    ['the end of a document', `${pod('{a: 1}')}...\n`, { a: 1 }],
    [
      'Windows line ends',
      pod('\n  a: |\n    b\n  c: 1').replaceAll('\n', '\r\n'),
      { a: 'b\n', c: 1 },
    ],
    ['a byte order mark', `\ufeff${pod('{a: 1}')}`, { a: 1 }],
    [
      'nothing behind a name',
      pod('\n  a:\n  b:   # nothing\n  c: ~'),
      { a: null, b: null, c: null },
    ],
    ['JSON with a comma too many', '{"kind": "Pod", "spec": {"a": [1,2,],}}', { a: [1, 2] }],
  ])('%s', (_, text, spec) => {
    expect(readManifests('m', text).unread).toEqual([])
    expect(specs(text)[0]).toEqual(spec)
  })

  it('a name that reaches for the prototype is a name', () => {
    for (const text of [
      '{"kind":"Pod","spec":{"__proto__":{"a":1}}}',
      pod('\n  __proto__:\n    a: 1'),
    ]) {
      const [spec] = specs(text)
      expect(Object.keys(spec as object)).toEqual(['__proto__'])
      expect((spec as { a?: unknown }).a).toBeUndefined()
    }
    expect(({} as { a?: unknown }).a).toBeUndefined()
  })

  it.each([
    ['a mistake', 'a: [1\n---\nkind: Pod\n', 1],
    ['a tab', 'kind: Pod\n---\nkind: Pod\nspec:\n\ta: 1\n', 1],
    ['a tag of its own', 'kind: Pod\n---\na: !reference [x]\n', 1],
    [
      'a bomb',
      `kind: Pod\n---\n${'abcdefgh'
        .split('')
        .map(
          (n, i, all) =>
            `${n}: &${n} [${Array(20)
              .fill(i === 0 ? 'x' : `*${all[i - 1] ?? ''}`)
              .join(',')}]`,
        )
        .join('\n')}\n`,
      1,
    ],
    ['more than 16 MiB', `kind: Pod\n---\na: &a ${'x'.repeat(17 * 1024 * 1024)}\n`, 1],
  ])('%s is told, and the other documents are read', (_, text, left) => {
    const { manifests, unread } = readManifests('m', text)
    expect([manifests.length, unread.length]).toEqual([left, 1])
    expect(unread[0]?.line).toBeGreaterThan(0)
  })

  it.each<[string, string, string[], number[]]>([
    ['a JSON value that does not end', '{"kind":"A"}{"kind":"B"}\n{"kind":', ['A', 'B'], [2]],
    ['a mistake between JSON values', '{"kind":"A"}\n{kind: B,}\n{"kind":"C"}', ['A', 'C'], [2]],
    ['words behind JSON values', '{"kind":"A"}\n{"kind":"B"}\ntimeout', ['A', 'B'], [3]],
    ['a JSON value that does not end behind one', '{"kind":"A"}\n{"kind":', ['A'], [2]],
    ['a YAML document between others', 'kind: A\n---\na: [\n---\nkind: C\n', ['A', 'C'], [4]],
    ['a tab', 'kind: A\n---\n\ta: 1\n---\nkind: C\n', ['A', 'C'], [3]],
    ['a JSON value between YAML', 'kind: A\n---\n{"kind":\n---\nkind: C\n', ['A', 'C'], [3]],
    ['a tag that nobody knows', 'kind: A\n---\na: !Ref b\n---\nkind: C\n', ['A', 'C'], [3]],
    ['nothing', '{"kind":"A"} # the shop\n', ['A'], []],
    ['nothing, between line ends of Windows', '{"kind":"A"}\r\n---\r\nkind: B\r\n', ['A', 'B'], []],
  ])('what is around %s is read all the same', (_, text, kinds, lines) => {
    const { manifests, unread } = readManifests('m', text)
    expect(manifests.map(({ object }) => object.kind)).toEqual(kinds)
    expect(unread.map(({ line }) => line)).toEqual(lines)
  })

  it('as many documents as there are, in one file', () => {
    const text = '---\nkind: Pod\n'.repeat(20_000)
    expect(readManifests('m', text).manifests).toHaveLength(20_000)
  })
})

describe('places', () => {
  const found = (text: string, path: string, index = 0) => {
    const place = readManifests('m', text).manifests[index]?.placeOf(path)
    const line = text.split(/\r?\n/)[(place?.line ?? 0) - 1] ?? ''
    return place === undefined || place === null
      ? null
      : line.slice(place.column - 1, place.endColumn - 1)
  }
  const block =
    '# c\nkind: Pod\nspec:\n  hostNetwork: true # why\n  containers:\n    - name: a\n      image: "x" \n'
  it.each<[string, string, string, string]>([
    ['block', block, 'spec.hostNetwork', 'hostNetwork: true # why'],
    ['block', block, 'spec.containers[0].image', 'image: "x"'],
    ['block, what is not there', block, 'spec.containers[0].command', 'name: a'],
    ['block, nothing at all', block, '', 'kind: Pod'],
    ['any YAML', `x: &x 1\n${block}`, 'spec.hostNetwork', 'hostNetwork: true # why'],
    ['flow', 'kind: Pod\nspec: {a: {b: 1}, c: 2}', 'spec.a.b', 'b: 1}, c: 2}'],
    ['Windows', block.replaceAll('\n', '\r\n'), 'spec.containers[0].image', 'image: "x"'],
    [
      'JSON',
      '{"kind": "Pod",\n "spec": {"a": [1, {"b": "x,}"}],\n "c": 3}}',
      'spec.a[1].b',
      '"b": "x,}"',
    ],
    ['JSON on one line', '{"kind":"Pod","spec":{"a":1,"c":[2]}}', 'spec.c', '"c":[2]'],
    [
      'an annotation',
      'kind: Pod\nmetadata:\n  annotations:\n    a.b/c: "1"\n',
      'metadata.annotations[a.b/c]',
      'a.b/c: "1"',
    ],
    [
      'an annotation with a number for a name',
      'kind: Pod\nmetadata:\n  annotations:\n    "80": x\n',
      'metadata.annotations[80]',
      '"80": x',
    ],
    [
      'behind other documents',
      `a: 1\n---\n# x\n\n---\n${block}`,
      'spec.hostNetwork',
      'hostNetwork: true # why',
    ],
  ])('%s: %s', (name, text, path, said) => {
    expect(found(text, path, name.startsWith('behind') ? 1 : 0)).toBe(said)
  })
  it.each(['- ', '  - ', '-\n  '])('in long lists, item by item: %j', (dash) => {
    const margin = ' '.repeat(dash === '  - ' ? 4 : 2)
    const item = (i: number) =>
      `${dash}kind: Pod\n${margin}metadata:\n${margin}  name: pod-${i}\n${margin}spec:\n${margin}  nodeName: node-${i}\n`
    const many = 8000
    const items = Array.from({ length: many }, (_, i) => item(i)).join('')
    const text = `apiVersion: v1\nitems:\n${items}kind: List\nmetadata:\n  resourceVersion: ""\n`
    const begin = performance.now()
    const { manifests } = readManifests('m', text)
    const lines = text.split('\n')
    for (const [i, { placeOf }] of manifests.entries()) {
      const { line = 0 } = placeOf('spec.nodeName') ?? {}
      if (lines[line - 1]?.trim() !== `nodeName: node-${i}`)
        expect(lines[line - 1]).toBe(`item ${i}`)
    }
    expect(manifests).toHaveLength(many)
    expect(performance.now() - begin).toBeLessThan(10_000)
  })
  it('in long lists of JSON, and of YAML with an alias', () => {
    const item = (i: number) => ({
      kind: 'Pod',
      spec: { nodeName: `node-${i}`, note: 'x'.repeat(300) },
    })
    const items = Array.from({ length: 5000 }, (_, i) => item(i))
    const json = JSON.stringify({ kind: 'List', items, metadata: {} }, null, 1)
    const yaml = `x: &x 1\ny: *x\nkind: List\nitems:\n${items.map((one) => `- ${JSON.stringify(one)}\n`).join('')}`
    for (const text of [json, yaml]) {
      const begin = performance.now()
      const { manifests } = readManifests('m', text)
      const lines = text.split('\n')
      for (const [i, { placeOf }] of manifests.entries())
        if (!lines[(placeOf('spec.nodeName')?.line ?? 0) - 1]?.includes(`"node-${i}"`))
          expect(i).toBe('found')
      expect(manifests).toHaveLength(5000)
      expect(performance.now() - begin).toBeLessThan(20_000)
    }
  }, 60_000)
  it('in lists', () => {
    const json =
      '{"kind":"List","items":[\n{"kind":"Pod","spec":{"a":1}},\n{"kind":"Pod","spec":{"a":2}}]}'
    expect([found(json, 'spec.a', 0), found(json, 'spec.a', 1)]).toEqual(['"a":1', '"a":2'])
    const yaml = 'kind: List\nitems:\n- kind: Pod\n  spec: {a: 1}\n- kind: Pod\n  spec: {a: 2}\n'
    expect([found(yaml, 'spec', 0), found(yaml, 'spec', 1)]).toEqual([
      'spec: {a: 1}',
      'spec: {a: 2}',
    ])
  })
})

it('paths of findings have steps', () => {
  expect(stepsOf('spec.containers[0].env')).toEqual(['spec', 'containers', 0, 'env'])
  expect(stepsOf('metadata.annotations[a.b/c]')).toEqual(['metadata', 'annotations', 'a.b/c'])
  expect(stepsOf('')).toEqual([])
})
