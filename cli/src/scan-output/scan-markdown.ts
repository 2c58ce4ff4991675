// SPDX-License-Identifier: Apache-2.0
// Markdown for a comment on a pull request: sums first, then a table, then the details folded away. Short
// enough for the limit of the usual services (65,536 characters).

import { severities, type ScannedFinding } from '../../../webhook/src/index.ts'
import { clean } from '../clean-text.ts'
import { counted } from '../screen.ts'
import { isFailing, placeText, severityText, type ScanReport } from './report.ts'

/** Leaves room for the sums and the end. */
const longest = 60_000

export function scanMarkdown(report: ScanReport): string {
  const { result, failOn, gone } = report
  const { summary, findings, unread } = result
  const news = findings.filter(({ known }) => known !== true)
  const failing = findings.filter((one) => isFailing(one, failOn))
  const verdict =
    failing.length > 0
      ? `❌ ${counted(failing.length, 'finding')} to mend`
      : unread.length > 0
        ? '⚠️ incomplete'
        : '✅ nothing to mend'
  const sums = severityText(summary.findings)
  const lines = [
    `### Underpin: ${verdict}`,
    '',
    `${counted(summary.workloads, 'workload')}, ${summary.meshes.length === 0 ? 'no mesh' : summary.meshes.map(cell).join(', ')}; ` +
      `${counted(findings.length, 'finding')}${sums === '' ? '' : ` (${sums})`}` +
      (summary.known > 0 ? `, ${summary.known} of them known` : '') +
      (gone !== null && gone > 0 ? `; ${gone} of the baseline no longer occur` : '') +
      '.',
  ]
  if (news.length > 0) lines.push('', '| | finding | object | where |', '| --- | --- | --- | --- |')
  let length = lines.join('\n').length
  let left = news.length
  const sorted = news.toSorted(
    (a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity),
  )
  for (const finding of sorted) {
    const row = rowOf(finding)
    length += row.length + 1
    if (length > longest) break
    lines.push(row)
    left -= 1
  }
  if (left > 0) lines.push('', `… and ${left} more: see the full report.`)
  if (unread.length > 0) {
    lines.push('', `**${unread.length} not read**, so this is incomplete:`, '')
    for (const { file, line, message } of unread.slice(0, 20))
      lines.push(`- ${code(placeText({ file, line }))} ${cell(message)}`)
    if (unread.length > 20) lines.push(`- … and ${unread.length - 20} more`)
  }
  return lines.join('\n')
}

function rowOf(finding: ScannedFinding): string {
  const { severity, id, message, remedy, object, mesh, path } = finding
  const where = [placeText(finding), path].filter((one) => one !== '').map(code)
  return `| ${severity} | ${code(id)}${mesh === '' ? '' : ` ${cell(mesh)}`}<br>${cell(message)}<br>→ ${cell(remedy)} | ${code(object)} | ${where.join('<br>')} |`
}

/**
 * Text in a table cell that is nothing but text: no links, mentions, images or HTML. Some services look for
 * addresses and @names once more in the finished text, so those are broken by a space without width.
 */
function cell(text: string): string {
  return clean(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]()#+!|~@:]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/&#(?:64|35|58);(?=\S)|www(?=\.)/gi, '$&&#8203;')
}

/** In code style nothing is interpreted but the end of it, and the cell's. */
function code(text: string): string {
  return `<code>${cell(text)}</code>`
}
