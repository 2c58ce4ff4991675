// SPDX-License-Identifier: Apache-2.0
// What was typed and answered in the run of a whole node, as a picture of a terminal: docs/pictures/node.svg. Nothing in it
// is written by hand; UIDs are shortened, and a line of dots stands for lines that are left out.
import { writeFileSync } from 'node:fs'

const [column, row, margin, titleRow] = [7.25, 17, 14, 30]

export class Picture {
  private readonly screens: { title: string; lines: string[] }[] = []

  /** `keep`: which lines; all if it is left out. */
  show(title: string, command: string, output: string, keep?: (line: string) => boolean): void {
    const lines: string[] = []
    for (const line of output.trimEnd().split('\n')) {
      if (keep && !keep(line)) {
        if (lines.at(-1) !== dots) lines.push(dots)
      } else lines.push(shortened(line))
    }
    while (['', dots].includes(lines.at(-1) ?? 'none')) lines.pop()
    const same = this.screens.find((screen) => screen.title === title)
    const shown = [`$ ${command}`, ...lines]
    if (same) same.lines.push('', ...shown)
    else this.screens.push({ title, lines: shown })
  }

  write(path: string): void {
    writeFileSync(path, this.text())
  }

  private text(): string {
    const widest = Math.max(...this.screens.flatMap(({ lines }) => lines.map((one) => one.length)))
    const width = Math.ceil(widest * column + 2 * margin)
    const parts: string[] = []
    let y = margin
    for (const { title, lines } of this.screens) {
      const height = lines.length * row + margin
      parts.push(
        `<text class="title" x="${margin}" y="${y + 12}">${escaped(title)}</text>`,
        `<rect x="0.5" y="${y + titleRow - 9}" width="${width - 1}" height="${height}" rx="6"/>`,
      )
      y += titleRow + 8
      for (const line of lines) {
        parts.push(`<text x="${margin}" y="${y}">${coloured(line)}</text>`)
        y += row
      }
      y += margin
    }
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img" aria-label="A node in audit, and after promoting">
<style>
  text { font: 12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; white-space: pre; fill: #e6edf3 }
  rect { fill: #0d1117; stroke: #30363d }
  .title { font: 600 13px system-ui, sans-serif; fill: #57606a }
  @media (prefers-color-scheme: dark) { .title { fill: #9198a1 } }
  .typed { font-weight: 600; fill: #79c0ff } .bad { fill: #ff7b72 } .maybe { fill: #d29922 } .good { fill: #56d364 }
</style>
${parts.join('\n')}
</svg>
`
  }
}

const dots = '  ⋮'

/** Keeps columns in line. */
const shortened = (line: string): string =>
  line
    .replace(/\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '$1…')
    .replace(/^(NAMESPACE +NAME) {27}/, '$1')
    .trimEnd()

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const colours = [
  ['bad', /\b(never[- ]admitted|uncovered|denied|would stop|slip past)\b/g],
  ['maybe', /\b(would-deny|audited)\b/g],
  ['good', /\b(covered|enforced|stopped)\b/g],
] as const

function coloured(line: string): string {
  if (line.startsWith('$ ')) return `<tspan class="typed">${escaped(line)}</tspan>`
  return colours.reduce(
    (text, [name, words]) => text.replace(words, `<tspan class="${name}">$&</tspan>`),
    escaped(line),
  )
}
