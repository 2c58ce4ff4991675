// SPDX-License-Identifier: Apache-2.0
// npm run bench -- sidecar | node bench/sidecar/picture.ts > docs/pictures/sidecar.svg: draws the bench's last line.
import { text } from 'node:stream/consumers'

const bars = [
  ['none', 'nothing in between'],
  ['enforce', 'Underpin, enforced'],
  ['enforce1000', 'Underpin, 1,000 policies'],
  ['haproxy', 'a sidecar on both sides: HAProxy'],
  ['envoy', 'a sidecar on both sides: Envoy'],
] as const
const panels: { title: string; unit: string; figure: (bar: string) => string; ratio: boolean }[] = [
  { title: 'An exchange, p50', unit: '×', figure: (bar) => `${bar}_p50`, ratio: true },
  { title: 'An exchange, p99', unit: '×', figure: (bar) => `${bar}_p99`, ratio: true },
  { title: 'CPU of an exchange', unit: '×', figure: (bar) => `${bar}_cpu`, ratio: true },
  {
    title: 'Memory per pod, 100 pods on the node',
    unit: ' MiB',
    figure: (bar) => `${bar}_100_mib`,
    ratio: false,
  },
]

const width = 760
const [left, right, line, head] = [250, 80, 22, 34]

/** Of `figures`: name → value, as the bench prints them. */
function picture(figures: ReadonlyMap<string, number>): string {
  const parts: string[] = []
  let y = 8
  for (const { title, unit, figure, ratio } of panels) {
    // Figures of the others are ratios to "none", whose own are absolute.
    const value = (bar: string) =>
      ratio && bar === 'none' ? 1 : (figures.get(figure(bar)) ?? Number.NaN)
    const values = bars.map(([bar]) => value(bar))
    if (values.some(Number.isNaN)) throw new Error(`${title}: a figure is missing`)
    const scale = (width - left - right) / Math.max(...values)
    parts.push(`<text class="title" x="12" y="${y + 18}">${title}</text>`)
    y += head
    for (const [i, [bar, name]] of bars.entries()) {
      const length = (values[i] ?? 0) * scale
      const kind = bar === 'none' ? 'none' : bar.startsWith('enforce') ? 'ours' : 'proxy'
      parts.push(
        `<text x="${left - 10}" y="${y + 13}" text-anchor="end">${name}</text>`,
        `<rect class="${kind}" x="${left}" y="${y}" width="${length.toFixed(1)}" height="${line - 6}"/>`,
        `<text x="${(left + length + 6).toFixed(1)}" y="${y + 13}">${(values[i] ?? 0).toFixed(values[i] !== undefined && values[i] >= 10 ? 0 : 2)}${unit}</text>`,
      )
      y += line
    }
    y += 10
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img" aria-label="What traffic between two pods costs">
<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600 }
  .none { fill: #8c959f } .ours { fill: #1f883d } .proxy { fill: #bc4c00 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }
</style>
${parts.join('\n')}
</svg>
`
}

const said = /^bench sidecar: (.*)$/m.exec(await text(process.stdin))?.[1]
if (said === undefined) throw new Error('no line "bench sidecar: …" on stdin')
const figures = new Map(
  said.split(' ').map((pair) => {
    const [name = '', value] = pair.split('=')
    return [name, Number(value)]
  }),
)
process.stdout.write(picture(figures))
