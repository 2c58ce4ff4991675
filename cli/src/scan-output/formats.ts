// SPDX-License-Identifier: Apache-2.0
// The formats of a scan by name: report in, text out.

import { cleanJson } from '../clean-text.ts'
import type { Paint } from '../screen.ts'
import type { ScanReport } from './report.ts'
import { scanHtml } from './scan-html.ts'
import { scanJunit } from './scan-junit.ts'
import { scanMarkdown } from './scan-markdown.ts'
import { scanSarif } from './scan-sarif.ts'
import { scanTable } from './scan-table.ts'
import { yamlLines } from './scan-yaml.ts'

export const formats = {
  table: (report: ScanReport, paint: Paint) => scanTable(report, paint).join('\n'),
  json: ({ result }: ScanReport) => cleanJson(result, 2),
  yaml: ({ result }: ScanReport) => yamlLines(result).join('\n'),
  sarif: (report: ScanReport) => cleanJson(scanSarif(report), 2),
  junit: scanJunit,
  html: scanHtml,
  markdown: scanMarkdown,
} as const

export type Format = keyof typeof formats

export const formatNames = Object.keys(formats) as Format[]
