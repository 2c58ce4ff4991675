// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'

test('a counter without labels is there from the start, at 0', () => {
  const metrics = createMetrics()
  metrics.counter('a_total', 'help')
  expect(metrics.text()).toBe('# HELP a_total help\n# TYPE a_total counter\na_total 0\n')
})

test('counters add by label set, and escape what labels hold', () => {
  const metrics = createMetrics()
  const counter = metrics.counter('a_total', 'help', ['kind'])
  counter.add({ kind: 'x"\\\n' })
  counter.add({ kind: 'x"\\\n' }, 2)
  counter.add({ kind: 'y' })
  expect(metrics.text()).toContain('a_total{kind="x\\"\\\\\\n"} 3\na_total{kind="y"} 1')
})

test('a histogram counts cumulatively and ends in +Inf, sum and count', () => {
  const metrics = createMetrics()
  const histogram = metrics.histogram('d_seconds', 'help', ['op'], [0.1, 1])
  histogram.observe(0.05, { op: 'c' })
  histogram.observe(0.5, { op: 'c' })
  histogram.observe(5, { op: 'c' })
  expect(metrics.text().split('\n').slice(2, 7)).toEqual([
    'd_seconds_bucket{op="c",le="0.1"} 1',
    'd_seconds_bucket{op="c",le="1"} 2',
    'd_seconds_bucket{op="c",le="+Inf"} 3',
    'd_seconds_sum{op="c"} 5.55',
    'd_seconds_count{op="c"} 3',
  ])
})

test('label sets are bounded: the rest is counted under "other" and nothing is lost', () => {
  const metrics = createMetrics()
  const counter = metrics.counter('a_total', 'help', ['name'])
  for (let i = 0; i < 1500; i++) counter.add({ name: `n${i}` })
  const lines = metrics
    .text()
    .split('\n')
    .filter((line) => line.startsWith('a_total{'))
  expect(lines).toHaveLength(1001)
  expect(lines.at(-1)).toBe('a_total{name="other"} 500')
})

test('gauges are read just before a scrape', () => {
  const metrics = createMetrics()
  const gauge = metrics.gauge('now', 'help')
  let value = 1
  metrics.beforeScrape(() => {
    gauge.set(value)
  })
  value = 7
  expect(metrics.text()).toContain('\nnow 7\n')
})

test('a name is registered once', () => {
  const metrics = createMetrics()
  metrics.gauge('now', 'help')
  expect(() => metrics.counter('now', 'help')).toThrow('registered twice')
})
