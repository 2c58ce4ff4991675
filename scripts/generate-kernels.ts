// SPDX-License-Identifier: Apache-2.0
// The table of docs/kernels.md (kernel × decision × mechanism, as measured), from what `underpin doctor` said in each guest.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = new URL('..', import.meta.url).pathname
const path = 'docs/kernels.md'
const begin = '<!-- generated from test/guest/golden: -->'
const end = '<!-- end of generated -->'

interface Golden {
  /** Such as "6.12 with bpf". */
  guest: string
  mechanisms: Row[]
}
interface Row {
  decision: string
  mechanism: string
  degraded?: string
  better?: string
}

export function generate(): [string, string][] {
  const folder = join(root, 'test/guest/golden')
  const measured = readdirSync(folder)
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Golden)
    .sort((a, b) => a.guest.localeCompare(b.guest, 'en', { numeric: true }))
  const text = readFileSync(join(root, path), 'utf8')
  const from = text.indexOf(begin) + begin.length
  const to = text.indexOf(end)
  return [[path, `${text.slice(0, from)}\n\n${tableOf(measured)}\n\n${text.slice(to)}`]]
}

function tableOf(measured: readonly Golden[]): string {
  const decisions = measured[0]?.mechanisms.map(({ decision }) => decision) ?? []
  const notes: string[] = []
  const note = ({ degraded, better }: Row): string => {
    if (degraded === undefined) return ''
    const words = `${degraded}. Better: ${better ?? '–'}.`
    if (!notes.includes(words)) notes.push(words)
    return ` (${notes.indexOf(words) + 1})`
  }
  const cell = (row: Row | undefined) =>
    row === undefined ? '' : (row.mechanism === 'none' ? '**no**' : row.mechanism) + note(row)
  const rows = [
    ['kernel', ...decisions],
    ...measured.map(({ guest, mechanisms }) => [
      guest,
      ...decisions.map((decision) => cell(mechanisms.find((row) => row.decision === decision))),
    ]),
  ]
  const widths = rows[0]?.map((_, at) =>
    Math.max(3, ...rows.map((row) => [...(row[at] ?? '')].length)),
  )
  const line = (cells: string[]) =>
    `| ${cells.map((text, at) => text + ' '.repeat((widths?.[at] ?? 0) - [...text].length)).join(' | ')} |`
  const rule = `| ${widths?.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [
    [line(rows[0] ?? []), rule, ...rows.slice(1).map(line)].join('\n'),
    notes.map((text, i) => `${i + 1}. ${text}`).join('\n'),
  ].join('\n\n')
}
