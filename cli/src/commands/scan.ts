// SPDX-License-Identifier: Apache-2.0
// underpin scan: judges manifests as the webhook would, without a cluster.
import { dayOf } from '../../../policies/src/index.ts'
import { readDocuments } from '../../../runtime/src/index.ts'
import {
  scan as scanDocuments,
  severities,
  type Finding,
  type ScanResult,
  type Severity,
} from '../../../webhook/src/index.ts'
import { clean } from '../clean-text.ts'
import { usage, type Arguments, type Command } from '../command.ts'
import { nearestOf } from '../nearest.ts'
import { outputOption, wantsJson } from '../output.ts'
import { counted, json, type Colour, type Screen } from '../screen.ts'

export const scan: Command = {
  name: 'scan',
  summary: 'judge manifests: which workload slips past its sidecar, and how',
  operands: 'FILE…|-',
  about:
    'Reads workloads (folders, files, - for standard input) and says of each what its mesh will do to it. Namespaces,\n' +
    'webhook configurations and CoveragePolicies among the inputs are taken into account. Needs no cluster and no root.',
  options: [
    outputOption,
    {
      name: 'fail-on',
      value: 'SEVERITY',
      help: `exit 1 from this severity on: ${severities.join(', ')} (info)`,
    },
  ],
  examples: [
    ['underpin scan manifests/', 'every finding with file, line, reason and remedy'],
    [
      'helm template . | underpin scan - --fail-on high',
      'in a build: only what is high or critical fails it',
    ],
  ],
  exits: [
    [0, 'no findings'],
    [1, 'findings'],
    [2, 'the command line was not understood, or no such file'],
    [3, 'some documents could not be read, and the others have no findings'],
  ],
  run,
}

async function run(args: Arguments, screen: Screen): Promise<number> {
  const asJson = wantsJson(args, 'scan')
  const word = args.value('fail-on') ?? 'info'
  const failOn = severities.find((one) => one === word)
  if (failOn === undefined) {
    const meant = nearestOf(word, severities)
    throw usage(
      `--fail-on ${word}`,
      `one of ${severities.join(', ')}`,
      meant ? `did you mean ${meant}?` : 'leave it out',
      'scan',
    )
  }
  if (args.operands.length === 0)
    throw usage(
      'nothing to scan',
      'FILE…, or - for standard input',
      'underpin scan manifests/',
      'scan',
    )
  const documents = await readDocuments(args.operands, { operation: 'scan' })
  const result = scanDocuments(documents, { today: dayOf(new Date()) })
  if (asJson) json(screen, result)
  else for (const line of scanLines(result, screen)) screen.say(line)
  return exitOf(result, failOn)
}

export function exitOf(
  { findings, unread }: Pick<ScanResult, 'findings' | 'unread'>,
  failOn: Severity,
): number {
  const failing = severities.slice(0, severities.indexOf(failOn) + 1)
  if (findings.some(({ severity }) => failing.includes(severity))) return 1
  return unread.length > 0 ? 3 : 0
}

const colours: Record<Severity, Colour> = {
  critical: 'red',
  high: 'red',
  medium: 'yellow',
  low: 'dim',
  info: 'dim',
}

export function scanLines(
  { summary, findings, subjects, unread }: ScanResult,
  { paint }: Pick<Screen, 'paint'>,
): string[] {
  const lines: string[] = []
  const objects = [...new Set([...findings, ...subjects].map(({ object }) => object))]
  for (const object of objects) {
    const mine = findings.filter((one) => one.object === object)
    const verdicts = subjects
      .filter((one) => one.object === object)
      .map(
        ({ mesh, verdict, reason }) =>
          `${mesh ?? 'no mesh'}: ${verdict}${reason === null ? '' : ` (${reason})`}`,
      )
    lines.push(`${paint('bold', clean(object))}  ${clean(verdicts.join(', '))}`.trimEnd())
    for (const finding of mine) lines.push(...findingLines(finding, paint))
  }
  for (const { file, line, message } of unread)
    lines.push(
      `${paint('red', 'not read')}  ${clean(`${file}${line === null ? '' : `:${line}`}: ${message}`)}`,
    )
  if (lines.length > 0) lines.push('')
  const covered = summary.verdicts.covered
  lines.push(
    paint(
      'bold',
      `${counted(summary.workloads, 'workload')}, ${covered} covered, ${counted(findings.length, 'finding')}` +
        (summary.unread > 0 ? `, ${counted(summary.unread, 'document')} not read` : ''),
    ),
  )
  return lines
}

function findingLines(
  { severity, id, message, remedy, file, line, path }: Finding,
  paint: Screen['paint'],
): string[] {
  const place = file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}`
  return [
    `  ${paint(colours[severity], severity)} ${clean(id)}: ${clean(message)}`,
    `      ${clean([place, path].filter(Boolean).join(' '))}`.trimEnd(),
    `      → ${clean(remedy)}`,
  ]
}
