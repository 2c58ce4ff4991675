// SPDX-License-Identifier: Apache-2.0
// SARIF 2.1.0, as code scanning services read it: one run, a rule for every finding id that occurs, a result
// for every finding with its region, and notifications for what could not be read. What such a service needs beyond
// the schema: GitHub, "SARIF support for code scanning" (a place in a file with a whole region, a fingerprint, lengths).

import { isAbsolute, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { catalogue, type ScannedFinding, type Severity } from '../../../webhook/src/index.ts'
import type { ScanReport } from './report.ts'

const levels: Record<Severity, 'error' | 'warning' | 'note'> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
}

/** The scale of code scanning services, 0 to 10. */
const scores: Record<Severity, string> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '3.0',
  info: '0.1',
}

export function scanSarif({ result, folder, version, gone }: ScanReport): object {
  const ids = [...new Set(result.findings.map(({ id }) => id))].sort()
  const index = new Map(ids.map((id, at) => [id, at]))
  const first = new Map(result.findings.toReversed().map((one) => [one.id, one]))
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Underpin',
            version,
            semanticVersion: version,
            rules: ids.map((id) => ruleOf(id, first.get(id))),
          },
        },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: result.unread.length === 0,
            toolExecutionNotifications: result.unread.map(({ file, line, message }) => ({
              level: 'error',
              message: { text: message },
              locations: [physical(file, beginning(line ?? 1), folder)],
            })),
          },
        ],
        results: result.findings.map((finding) => ({
          ruleId: finding.id,
          ruleIndex: index.get(finding.id),
          level: levels[finding.severity],
          message: { text: `${finding.object}: ${finding.message}. Remedy: ${finding.remedy}.` },
          locations: [locationOf(finding, folder)],
          partialFingerprints: {
            // The only one that GitHub takes; "1": the first of its kind.
            primaryLocationLineHash: `${finding.fingerprint}:1`,
            'underpin/v1': finding.fingerprint,
          },
          ...(gone === null ? {} : { baselineState: finding.known === true ? 'unchanged' : 'new' }),
          properties: {
            severity: finding.severity,
            mesh: finding.mesh,
            object: finding.object,
            path: finding.path,
          },
        })),
        properties: { summary: result.summary },
      },
    ],
  }
}

function ruleOf(id: string, finding: ScannedFinding | undefined): object {
  const entry = Object.hasOwn(catalogue, id) ? catalogue[id as keyof typeof catalogue] : undefined
  const severity = entry?.severity ?? finding?.severity ?? 'high'
  const title = entry?.title ?? `The check "${id}" of a CoveragePolicy.`
  const remedy = entry?.remedy ?? finding?.remedy ?? ''
  return {
    id,
    name: id
      .split(/[^A-Za-z0-9]+/)
      .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
      .join('')
      .slice(0, 255),
    shortDescription: { text: title.slice(0, 1024) },
    fullDescription: { text: title.slice(0, 1024) },
    help: {
      text: `${title}\nRemedy: ${remedy}.\nunderpin explain ${id} tells more.`,
      markdown: `${title}\n\n**Remedy:** ${remedy}.\n\n\`underpin explain ${id}\` tells more.`,
    },
    defaultConfiguration: { level: levels[severity] },
    properties: {
      tags: ['security', 'kubernetes', 'service-mesh'],
      precision: 'high',
      'security-severity': scores[severity],
      'problem.severity': levels[severity] === 'note' ? 'recommendation' : levels[severity],
    },
  }
}

type Region = { startLine: number; startColumn: number; endLine: number; endColumn: number }

/** The beginning of something that has no lines, or whose line is all that is known. */
const beginning = (line = 1): Region => {
  return { startLine: line, startColumn: 1, endLine: line, endColumn: 1 }
}

function locationOf(finding: ScannedFinding, folder: string): object {
  const { file, line, column, endColumn, object, path } = finding
  const region =
    line === undefined || column === undefined || endColumn === undefined
      ? beginning(line)
      : { startLine: line, startColumn: column, endLine: line, endColumn }
  return {
    // What was read from a cluster is in no file, and a result without one is refused.
    ...physical(file ?? `cluster/${object}`, region, folder),
    logicalLocations: [
      {
        name: object,
        fullyQualifiedName: path === '' ? object : `${object}:${path}`,
        kind: 'object',
      },
    ],
  }
}

function physical(file: string, region: Region, folder: string): object {
  return { physicalLocation: { artifactLocation: { uri: uriOf(file, folder) }, region } }
}

/** Relative to the folder where that is possible: services match it with the files of the repository. */
export function uriOf(file: string, folder: string): string {
  if (file.startsWith('(')) return encodeURIComponent(file.replace(/[()]/g, '').toWellFormed())
  const inside = relative(folder, resolve(folder, file)).toWellFormed() || '.'
  if (/^\.\.(?:[\\/]|$)/.test(inside) || isAbsolute(inside))
    return pathToFileURL(resolve(folder, file)).href
  return inside.split(sep).map(encodeURIComponent).join('/')
}
