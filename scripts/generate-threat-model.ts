// SPDX-License-Identifier: Apache-2.0
// The two lists of docs/threat-model.md that must stay true: every attempt (from the tests that make them) and every branch
// in bpf/ that fails open or closed (from the comments at them).
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { networkSections } from '../test/attempts/network/table.ts'
import { sections } from '../test/attempts/table.ts'
import type { Attempt } from '../test/attempts/attempt.ts'

const root = new URL('..', import.meta.url).pathname
const path = 'docs/threat-model.md'

export interface Branch {
  file: string
  /** The function or program that it is in. */
  within: string
  fails: 'open' | 'closed'
  text: string
}

export function generate(): [string, string][] {
  const text = readFileSync(join(root, path), 'utf8')
  const lists = {
    attempts: attemptLists(),
    network: networkLists(),
    branches: branchTable(readBranches()),
  }
  return [
    [path, Object.entries(lists).reduce((all, [name, list]) => between(all, name, list), text)],
  ]
}

function between(text: string, name: string, list: string): string {
  const begin = `<!-- generated: ${name} -->`
  const from = text.indexOf(begin)
  const to = text.indexOf('<!-- end of generated -->', from)
  if (from < 0 || to < 0) throw new Error(`${path} has no place for "${name}" (${begin})`)
  return `${text.slice(0, from + begin.length)}\n\n${list}\n\n${text.slice(to)}`
}

// --- attempts ---

function attemptLists(): string {
  return Object.entries(sections)
    .map(([title, list]) => {
      const rows = list.map((attempt) => [
        `\`${attempt.name}\``,
        attempt.tries,
        attempt.needs.join(', '),
        verdictOf(attempt),
      ])
      return `### ${title[0]?.toUpperCase()}${title.slice(1)}\n\n${table([['attempt', 'what it tries', 'decision', 'denied by'], ...rows])}`
    })
    .join('\n\n')
}

const headed = (title: string, list: string) =>
  `### ${title[0]?.toUpperCase()}${title.slice(1)}\n\n${list}`

/** `socket` is carried out where a hook can refuse; the rest by hooks that every kernel has. */
function networkLists(): string {
  return Object.entries(networkSections)
    .map(([title, list]) => {
      const rows = list.map(({ name, tries, decisions, needs, mayLack }) => [
        `\`${name}\``,
        tries,
        decisions.join(', '),
        [
          ...(needs ? ['where hooks can refuse (`lsm`, `fmod_ret`)'] : ['every kernel']),
          ...(mayLack ? [`tried where there is ${mayLack}`] : []),
        ].join('; '),
      ])
      return headed(
        title,
        table([['attempt', 'what it tries', 'reported as', 'stopped on'], ...rows]),
      )
    })
    .join('\n\n')
}

function verdictOf({ rule, gap, mayLack }: Attempt): string {
  const rules = rule
    .split(' or ')
    .map((one) => `\`${one}\``)
    .join(' or ')
  if (gap && !gap.on) return `**not stopped**: ${gap.why}`
  return [
    rules,
    ...(gap ? [`**not under \`${gap.on}\`**: ${gap.why}`] : []),
    ...(mayLack ? [`tried where there is ${mayLack}`] : []),
  ].join('; ')
}

// --- branches ---

function readBranches(): Branch[] {
  return readdirSync(join(root, 'bpf'))
    .filter((file) => /\.bpf\.[ch]$/.test(file))
    .sort()
    .flatMap((file) => branchesOf(file, readFileSync(join(root, 'bpf', file), 'utf8')))
}

/** Each comment that says how something fails, with the function around it. */
export function branchesOf(file: string, source: string): Branch[] {
  const found: Branch[] = []
  for (const { 0: comment, index } of source.matchAll(/\/\*[\s\S]*?\*\//g)) {
    const text = comment
      .slice(2, -2)
      .replace(/\s*\n\s*\*?\s*/g, ' ')
      .trim()
    const at = /fails? (open|closed)\b/i.exec(text)
    if (!at) continue
    // What stands before it says what happened; what stands first says nothing more.
    const words = text.replace(/^(else )?fails? (open|closed)( for [^:.]*)?[:.,;]?\s*/i, '')
    found.push({
      file,
      within: functionAt(source, index),
      fails: at[1]?.toLowerCase() as Branch['fails'],
      text: words || `\`${source.slice(source.lastIndexOf('\n', index) + 1, index).trim()}\``,
    })
  }
  return found
}

/** The last definition that begins before this place, or, for a comment above one, the one that follows. */
function functionAt(source: string, index: number): string {
  const definitions = [
    ...source.matchAll(
      /^(?:int BPF_PROG\((\w+)|[a-z_][^\n;={}()]*?[ *](\w+)\([^;{]*\)\s*\{|MAP\((\w+))/gm,
    ),
  ].map((match) => ({ at: match.index, name: match[1] ?? match[2] ?? match[3] ?? '' }))
  const inside = source[source.lastIndexOf('\n', index) + 1] === '\t'
  const one = inside
    ? definitions.findLast(({ at }) => at < index)
    : definitions.find(({ at }) => at > index)
  return one?.name ?? ''
}

const branchTable = (branches: readonly Branch[]): string =>
  table([
    ['where', 'fails', 'because'],
    ...branches.map(({ file, within, fails, text }) => [
      `\`${file}\`${within && ` \`${within}\``}`,
      fails === 'open' ? '**open**' : 'closed',
      text.replaceAll('|', '\\|'),
    ]),
  ])

// --- both ---

export function table(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(3, ...rows.map((row) => [...(row[at] ?? '')].length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, at) => text.padEnd((widths[at] ?? 0) + text.length - [...text].length)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(rows[0] ?? []), rule, ...rows.slice(1).map(line)].join('\n')
}
