// SPDX-License-Identifier: Apache-2.0
// underpin scan: judges manifests, or what runs in a cluster, as the webhook would.
import { realpathSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { openCluster, readDocuments, reasonOf, UnderpinError } from '../../../runtime/src/index.ts'
import {
  against,
  baselineOf,
  manifestsOf,
  readBaseline,
  scan as scanDocuments,
  scanCluster,
  severities,
  type ScanOptions,
  type ScanResult,
} from '../../../webhook/src/index.ts'
import { cleanJson } from '../clean-text.ts'
import { usage, type Arguments, type Command } from '../command.ts'
import { version } from '../installation.ts'
import { nearestOf } from '../nearest.ts'
import { createProgress } from '../progress.ts'
import { formatNames, formats, type Format } from '../scan-output/formats.ts'
import { exitOf, severityText, type FailOn, type ScanReport } from '../scan-output/report.ts'
import {
  clusterOf,
  clusterOptions,
  knowledgeOptions,
  readInputs,
  scanOptions,
  wantsCluster,
} from '../scan-options.ts'
import { counted, type Screen } from '../screen.ts'

const thresholds: readonly FailOn[] = [...severities, 'never']

export const scan: Command = {
  operands: 'FILE…|-',
  about:
    'Reads workloads (folders, files, - for standard input, or a cluster) and says of each what its mesh does to it.\n' +
    'Namespaces, webhook configurations, the meshes’ own objects and CoveragePolicies among the inputs are taken into\n' +
    'account, and what had to be assumed is said. Changes nothing, needs no root and, for files, no cluster.',
  options: [
    {
      name: 'output',
      short: 'o',
      value: 'FORMAT',
      help: `${formatNames.join(', ')} (table)`,
    },
    { name: 'output-file', value: 'FILE', help: 'write there instead of to the terminal' },
    {
      name: 'fail-on',
      value: 'SEVERITY',
      help: `exit 1 from this severity on: ${thresholds.join(', ')} (info)`,
    },
    { name: 'baseline', value: 'FILE', help: 'findings that are known: only others fail' },
    { name: 'write-baseline', value: 'FILE', help: 'write what is found now as the baseline' },
    { name: 'all', help: 'list what is covered as well' },
    ...knowledgeOptions,
    ...clusterOptions,
  ],
  examples: [
    ['underpin scan manifests/', 'every finding with file, line, reason and remedy'],
    [
      'helm template . | underpin scan - --fail-on high',
      'in a build: only what is high or critical fails it',
    ],
    ['underpin scan --cluster -o html --output-file mesh.html', 'a page of what runs now'],
    ['underpin scan deploy/ -o sarif --baseline known.json', 'for code scanning; only what is new'],
  ],
  exits: [
    [0, 'no findings from the severity on that fails, and everything was read'],
    [1, 'findings'],
    [2, 'the command line or a file of settings was not understood, or no such file'],
    [3, 'something could not be read (it is named), and the rest has no findings'],
  ],
  run,
}

async function run(args: Arguments, screen: Screen): Promise<number> {
  const format = chosen(args, 'output', formatNames, 'table')
  const failOn = chosen(args, 'fail-on', thresholds, 'info')
  if (args.operands.length === 0 && !wantsCluster(args))
    throw usage(
      'nothing to scan',
      'FILE…, - for standard input, or --cluster',
      'underpin scan manifests/',
      'scan',
    )
  const baselineFile = args.value('baseline')
  const baseline = baselineFile === undefined ? null : await baselineAt(baselineFile)
  const options = await scanOptions(args, 'scan')
  const found = await resultOf(args, options)
  const compared = baseline === null ? { result: found, gone: null } : against(found, baseline)
  const report: ScanReport = {
    ...compared,
    failOn,
    all: args.has('all'),
    folder: process.cwd(),
    version: version(),
  }
  show(report, format, args.value('output-file'), screen)
  const kept = args.value('write-baseline')
  if (kept === undefined) return exitOf(report)
  write(kept, `${cleanJson(baselineOf(found), 2)}\n`, 'write baseline')
  screen.note(`${kept}: ${counted(found.findings.length, 'finding')} written as the baseline`)
  // What was just accepted is no reason to fail.
  return found.unread.length > 0 ? 3 : 0
}

async function resultOf(args: Arguments, options: ScanOptions): Promise<ScanResult> {
  const { documents, unread } = await readInputs(args.operands, 'scan')
  if (!wantsCluster(args)) {
    const progress = createProgress('scan')
    try {
      return withUnread(scanDocuments(documents, { ...options, progress: progress.tell }), unread)
    } finally {
      progress.end()
    }
  }
  const found = documents.length === 0 ? none : manifestsOf(documents)
  const cluster = await openCluster(clusterOf(args))
  const progress = createProgress(`scan ${cluster.name}`)
  try {
    const { manifests } = found
    const live = { ...options, cluster, manifests, progress: progress.tell }
    return withUnread(await scanCluster(live), [...unread, ...found.unread])
  } finally {
    progress.end()
  }
}

const none: ReturnType<typeof manifestsOf> = { manifests: [], unread: [] }

function withUnread(result: ScanResult, more: ScanResult['unread']): ScanResult {
  if (more.length === 0) return result
  const unread = [...more, ...result.unread]
  return { ...result, summary: { ...result.summary, unread: unread.length }, unread }
}

function show(report: ScanReport, format: Format, file: string | undefined, screen: Screen): void {
  if (file === undefined) {
    screen.say(formats[format](report, screen.paint))
    return
  }
  const plain = formats[format](report, (_, text) => text)
  write(file, `${plain}\n`, 'write report')
  const { summary, findings } = report.result
  const sums = severityText(summary.findings)
  screen.note(
    `${file}: ${counted(findings.length, 'finding')}${sums === '' ? '' : ` (${sums})`}` +
      (summary.unread > 0 ? `, ${summary.unread} not read` : ''),
  )
}

function chosen<T extends string>(
  args: Arguments,
  option: string,
  words: readonly T[],
  otherwise: T,
): T {
  const word = args.value(option) ?? otherwise
  const found = words.find((one) => one === word)
  if (found !== undefined) return found
  const meant = nearestOf(word, words)
  throw usage(
    `--${option} ${word}`,
    `one of ${words.join(', ')}`,
    meant ? `did you mean ${meant}?` : 'leave it out',
    'scan',
  )
}

async function baselineAt(file: string) {
  const [document] = await readDocuments([file], { operation: 'read baseline' })
  const baseline = document === undefined ? null : readBaseline(document.text)
  if (baseline !== null) return baseline
  throw new UnderpinError('input-invalid', {
    operation: 'read baseline',
    object: file,
    found: 'something else',
    expected: 'what --write-baseline writes',
    remedy: `write it anew: underpin scan … --write-baseline ${file}`,
  })
}

/** Whole or not at all: whoever reads it never sees half of it. A pipe or a device is written to as it is. */
function write(file: string, text: string, operation: string): void {
  try {
    const found = statSync(file, { throwIfNoEntry: false })
    if (found !== undefined && !found.isFile()) writeFileSync(file, text)
    else {
      const path = found === undefined ? resolve(file) : realpathSync(file)
      writeFileSync(`${path}.new`, text)
      renameSync(`${path}.new`, path)
    }
  } catch (cause) {
    throw new UnderpinError(
      'input-unreadable',
      {
        operation,
        object: file,
        found: reasonOf(cause),
        expected: 'a file that this user may write',
        remedy: 'name another',
      },
      { cause },
    )
  }
}
