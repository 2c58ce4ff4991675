// SPDX-License-Identifier: Apache-2.0
// Whole applications as Helm prints them: everything is read, and each workload is what it is.
import { expect, test, vi } from 'vitest'
import { charts } from './chart-specimens.ts'
import { scan } from './scan.ts'
import { namespaceObject } from './specimens.ts'

// The machine may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 })

const namespace = JSON.stringify(
  namespaceObject('apps', { labels: { 'istio-injection': 'enabled' } }),
)
const options = { today: '2026-11-21', meshes: ['istio'] }

test.each(charts)('$name', ({ text, expected }) => {
  const result = scan(
    [
      { file: 'namespace.json', text: namespace },
      { file: 'chart.yaml', text },
    ],
    options,
  )
  expect(result.unread).toEqual([])
  const found = result.subjects
    .filter(({ mesh }) => mesh === 'istio')
    .map(({ object, verdict, reason }) => {
      const name = object.replace(/^\w+\/apps\/release-/, '')
      return [name, reason === null ? verdict : `${verdict} ${reason}`]
    })
  expect(Object.fromEntries(found)).toEqual(expected)
  const lines = text.split('\n')
  for (const { file, line = 0, path } of result.findings) {
    if (file !== 'chart.yaml') continue
    // The last name of the path stands on the line that the finding points to, or on the one above it.
    const key = /([^.[\]]+)\]?$/.exec(path)?.[1] ?? ''
    expect(`${lines[line - 2] ?? ''}\n${lines[line - 1] ?? ''}`, path).toContain(
      key.split('/').at(-1),
    )
  }
})

test('with Windows line ends, byte order marks and tabs where they may be, it is the same', () => {
  for (const { text } of charts) {
    const plain = scan([{ file: 'chart.yaml', text }], options)
    const windows = `\ufeff${text.replaceAll('\n', '\r\n')}`
    const marked = text.replaceAll('---\n', '---\t# next\n')
    expect(scan([{ file: 'chart.yaml', text: windows }], options)).toEqual(plain)
    expect(scan([{ file: 'chart.yaml', text: marked }], options).subjects).toEqual(plain.subjects)
  }
})

test('they are as large as such charts are', () => {
  const sizes = charts.map(({ text }) => text.length)
  expect(Math.max(...sizes)).toBeGreaterThan(300_000)
  expect(sizes.reduce((a, b) => a + b)).toBeGreaterThan(500_000)
})
