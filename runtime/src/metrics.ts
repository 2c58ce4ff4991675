// SPDX-License-Identifier: Apache-2.0
// Counters, gauges and histograms, and the Prometheus text they are scraped as. Durations are in seconds.
// A metric keeps at most `seriesLimit` label sets: what comes after is counted under "other" in every
// label, so that no input from outside can make the process grow, and nothing is lost from the sum.

export type Labels = Readonly<Record<string, string>>
export type Counter = { add(labels?: Labels, amount?: number): void }
export type Gauge = { set(value: number, labels?: Labels): void }
export type Histogram = { observe(value: number, labels?: Labels): void }

export type Metrics = {
  counter(name: string, help: string, labels?: readonly string[]): Counter
  gauge(name: string, help: string, labels?: readonly string[]): Gauge
  histogram(
    name: string,
    help: string,
    labels?: readonly string[],
    buckets?: readonly number[],
  ): Histogram
  /** Called before each scrape, for values that are read and not counted. */
  beforeScrape(read: () => void): void
  text(): string
}

/** From 100 µs to 10 s: a review takes under 5 ms, and the API server waits 10 s at most by default. */
export const durationBuckets = [
  0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 10,
]

const seriesLimit = 1000

type Family = { name: string; help: string; type: string; lines(): string[] }

export function createMetrics(): Metrics {
  const families = new Map<string, Family>()
  const readers: (() => void)[] = []
  const add = (family: Family) => {
    if (families.has(family.name)) throw new Error(`metric "${family.name}" is registered twice`)
    families.set(family.name, family)
  }
  return {
    counter(name, help, labels = []) {
      const series = seriesOf(labels, () => ({ value: 0 }))
      add({
        name,
        help,
        type: 'counter',
        lines: () => series.lines((s, l) => [line(name, l, s.value)]),
      })
      return {
        add(given = {}, amount = 1) {
          series.at(given).value += amount
        },
      }
    },
    gauge(name, help, labels = []) {
      const series = seriesOf(labels, () => ({ value: 0 }))
      add({
        name,
        help,
        type: 'gauge',
        lines: () => series.lines((s, l) => [line(name, l, s.value)]),
      })
      return {
        set(value, given = {}) {
          series.at(given).value = value
        },
      }
    },
    histogram(name, help, labels = [], buckets = durationBuckets) {
      const series = seriesOf(labels, () => ({ counts: buckets.map(() => 0), sum: 0, count: 0 }))
      add({
        name,
        help,
        type: 'histogram',
        lines: () =>
          series.lines((s, l) => [
            ...buckets.map((le, i) =>
              line(`${name}_bucket`, [...l, ['le', String(le)]], s.counts[i] ?? 0),
            ),
            line(`${name}_bucket`, [...l, ['le', '+Inf']], s.count),
            line(`${name}_sum`, l, s.sum),
            line(`${name}_count`, l, s.count),
          ]),
      })
      return {
        observe(value, given = {}) {
          const s = series.at(given)
          s.sum += value
          s.count += 1
          for (const [i, le] of buckets.entries())
            if (value <= le) s.counts[i] = (s.counts[i] ?? 0) + 1
        },
      }
    },
    beforeScrape(read) {
      readers.push(read)
    },
    text() {
      for (const read of readers) read()
      return [...families.values()]
        .flatMap((f) => [`# HELP ${f.name} ${f.help}`, `# TYPE ${f.name} ${f.type}`, ...f.lines()])
        .concat('')
        .join('\n')
    },
  }
}

type Pair = readonly [string, string]

function seriesOf<S>(names: readonly string[], make: () => S) {
  const all = new Map<string, { labels: Pair[]; state: S }>()
  const slot = (labels: Pair[]) => {
    const key = JSON.stringify(labels)
    const known = all.get(key)
    if (known !== undefined) return known
    if (all.size >= seriesLimit && labels.some(([, value]) => value !== 'other')) return null
    const created = { labels, state: make() }
    all.set(key, created)
    return created
  }
  if (names.length === 0) slot([])
  return {
    at(given: Labels): S {
      const found =
        slot(names.map((name): Pair => [name, given[name] ?? ''])) ??
        slot(names.map((name): Pair => [name, 'other']))
      // The second slot is never refused: its labels are all "other".
      if (found === null) throw new Error('metric overflow series refused')
      return found.state
    },
    lines(render: (state: S, labels: Pair[]) => string[]): string[] {
      return [...all.values()].flatMap(({ labels, state }) => render(state, labels))
    },
  }
}

function line(name: string, labels: readonly Pair[], value: number): string {
  const inside = labels.map(([key, text]) => `${key}="${escape(text)}"`).join(',')
  return `${name}${inside === '' ? '' : `{${inside}}`} ${value}`
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
