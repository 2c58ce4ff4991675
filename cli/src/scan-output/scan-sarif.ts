// SPDX-License-Identifier: Apache-2.0
// SARIF 2.1.0, as code scanning services read it: one run, a rule for every finding id that occurs, a result
// for every finding with its region, and notifications for what could not be read.

import { isAbsolute, relative, sep } from 'node:path'
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
              ...locations(file, line === null ? undefined : { startLine: line }, folder),
            })),
          },
        ],
        results: result.findings.map((finding) => ({
          ruleId: finding.id,
          ruleIndex: ids.indexOf(finding.id),
          level: levels[finding.severity],
          message: { text: `${finding.object}: ${finding.message}. Remedy: ${finding.remedy}.` },
          locations: [locationOf(finding, folder)],
          partialFingerprints: { 'underpin/v1': finding.fingerprint },
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
      .join(''),
    shortDescription: { text: title },
    fullDescription: { text: title },
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

type Region = { startLine: number; startColumn?: number; endLine?: number; endColumn?: number }

function locationOf(finding: ScannedFinding, folder: string): object {
  const { file, line, column, endColumn, object, path } = finding
  const region: Region | undefined =
    line === undefined
      ? undefined
      : {
          startLine: line,
          ...(column === undefined ? {} : { startColumn: column }),
          ...(endColumn === undefined ? {} : { endLine: line, endColumn }),
        }
  return {
    ...(file === undefined ? {} : physical(file, region, folder)),
    logicalLocations: [
      {
        name: object,
        fullyQualifiedName: path === '' ? object : `${object}:${path}`,
        kind: 'object',
      },
    ],
  }
}

function locations(file: string, region: Region | undefined, folder: string): object {
  return { locations: [physical(file, region, folder)] }
}

function physical(file: string, region: Region | undefined, folder: string): object {
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(file, folder) },
      ...(region === undefined ? {} : { region }),
    },
  }
}

/** Relative to the folder where that is possible: services match it with the files of the repository. */
export function uriOf(file: string, folder: string): string {
  if (file.startsWith('(')) return encodeURIComponent(file.replace(/[()]/g, ''))
  const inside = isAbsolute(file) ? relative(folder, file) : file.replace(/^(\.\/)+/, '')
  if (isAbsolute(file) && inside.startsWith('..')) return pathToFileURL(file).href
  return inside.split(sep).map(encodeURIComponent).join('/')
}
