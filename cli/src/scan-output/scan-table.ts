// SPDX-License-Identifier: Apache-2.0
// A scan for people at a terminal: what needs a look, worst first within each object, and one line of sums.

import { severities, type ScannedFinding, type Severity } from '../../../webhook/src/index.ts'
import { clean } from '../clean-text.ts'
import { counted, type Colour, type Screen } from '../screen.ts'
import {
  byObject,
  isClean,
  placeText,
  severityText,
  verdictText,
  type ObjectReport,
  type ScanReport,
} from './report.ts'

type Paint = Screen['paint']

export const severityColours: Record<Severity, Colour> = {
  critical: 'red',
  high: 'red',
  medium: 'yellow',
  low: 'dim',
  info: 'dim',
}

export function scanTable(report: ScanReport, paint: Paint): string[] {
  const { result, all } = report
  const shown = byObject(result).filter((one) => all || !isClean(one))
  const blocks = shown.map((one) => objectLines(one, paint))
  const unread = result.unread.map(
    ({ file, line, message }) =>
      `${paint('red', 'not read')}  ${clean(`${placeText({ file, line })}: ${message}`)}`,
  )
  if (unread.length > 0) blocks.push(unread)
  const assumed = assumptionLines(shown, paint)
  if (assumed.length > 0) blocks.push(assumed)
  return [...blocks.flatMap((lines) => [...lines, '']), ...sumLines(report, paint)]
}

function objectLines({ object, subjects, findings }: ObjectReport, paint: Paint): string[] {
  const place = placeText(subjects[0] ?? findings[0] ?? {})
  const width = Math.max(0, ...findings.map(({ severity }) => severity.length))
  const news = findings.filter(({ known }) => known !== true)
  const known = findings.length - news.length
  return [
    `${paint('bold', clean(object))}${place === '' ? '' : paint('dim', `  ${clean(place)}`)}`,
    ...subjects.flatMap((one) => {
      const colour: Colour = one.verdict === 'covered' ? 'green' : 'yellow'
      const pods = one.pods === undefined ? '' : ` – ${counted(one.pods.count, 'pod')}`
      const template = one.template === undefined ? '' : ` – ${one.template}`
      const notes = `${one.basis}${one.assumed.length > 0 ? '*' : ''}${pods}${template}`
      return [`  ${paint(colour, clean(verdictText(one)))} ${paint('dim', clean(notes))}`]
    }),
    ...inOrder(news).flatMap((one) => findingLines(one, width, place, paint)),
    ...(known > 0 ? [`  ${paint('dim', `${counted(known, 'finding')} of the baseline`)}`] : []),
  ]
}

/** The same few assumptions stand behind most verdicts: told once. */
function assumptionLines(shown: readonly ObjectReport[], paint: Paint): string[] {
  const counts = new Map<string, number>()
  for (const { subjects } of shown)
    for (const words of new Set(subjects.flatMap(({ assumed }) => assumed)))
      counts.set(words, (counts.get(words) ?? 0) + 1)
  const rows = [...counts].toSorted((a, b) => b[1] - a[1])
  const told = rows.slice(0, mostAssumptions).map(([words, count]) => {
    const many = shown.length > 1 ? ` (${counted(count, 'workload')})` : ''
    return paint('dim', clean(`* assumed: ${words}${many}`))
  })
  const left = rows.length - told.length
  return left > 0
    ? [...told, paint('dim', `* and ${left} more: -o json has them with each workload`)]
    : told
}

const mostAssumptions = 12

const inOrder = (findings: readonly ScannedFinding[]): ScannedFinding[] =>
  findings.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity))

function findingLines(
  finding: ScannedFinding,
  width: number,
  near: string,
  paint: Paint,
): string[] {
  const { severity, id, message, remedy, path, mesh, pods } = finding
  const indent = ' '.repeat(width + 4)
  const place = placeText(finding)
  const where = [place === near ? '' : place, path].filter((one) => one !== '').join('  ')
  const notes = [mesh, pods === undefined ? '' : counted(pods, 'pod')].filter((one) => one !== '')
  return [
    `  ${paint(severityColours[severity], severity.padEnd(width))}  ${paint('bold', clean(id))}${notes.length > 0 ? paint('dim', `  ${clean(notes.join(', '))}`) : ''}`,
    `${indent}${clean(message)}`,
    ...(where === '' ? [] : [`${indent}${paint('dim', clean(where))}`]),
    `${indent}→ ${clean(remedy)}`,
  ]
}

function sumLines({ result, gone, all }: ScanReport, paint: Paint): string[] {
  const { summary, findings } = result
  const { verdicts } = summary
  const meshes = summary.meshes.length === 0 ? 'no mesh' : summary.meshes.join(', ')
  const judged = Object.values(verdicts).reduce((a, b) => a + b, 0)
  const parts = Object.entries(verdicts)
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${verdict}`)
  const severity = severityText(summary.findings)
  const clear = byObject(result).filter(isClean).length
  const lines = [
    `${counted(summary.workloads, 'workload')} (${clean(meshes)}): ${judged === 0 ? 'none judged' : parts.join(', ')}`,
    `${counted(findings.length, 'finding')}${severity === '' ? '' : `: ${severity}`}` +
      (summary.known > 0 ? `; ${summary.known} of them in the baseline` : '') +
      (summary.unread > 0 ? `; ${summary.unread} not read, so this is incomplete` : ''),
  ]
  if (gone !== null && gone > 0)
    lines.push(`${counted(gone, 'finding')} of the baseline no longer occur: write it again`)
  const hints: string[] = []
  if (findings.length > 0) hints.push('underpin explain ID tells more of a finding')
  if (clear > 0 && !all) hints.push(`--all lists what is covered as well (${clear})`)
  return [
    ...lines.map((line) => paint('bold', line)),
    ...(hints.length > 0 ? [paint('dim', hints.join('; '))] : []),
  ]
}
