// SPDX-License-Identifier: Apache-2.0
// A page of a scan: one file that needs nothing else, no script, light or dark as its reader has it. It may
// load nothing at all, whatever is in the names: the policy in its head says so to the browser.

import { severities, type ScannedFinding } from '../../../webhook/src/index.ts'
import { cleanLines } from '../clean-text.ts'
import { counted } from '../screen.ts'
import { pageStyle } from './page-style.ts'
import {
  byObject,
  isClean,
  isFailing,
  placeText,
  severityText,
  verdictText,
  type ObjectReport,
  type ScanReport,
} from './report.ts'

export function scanHtml(report: ScanReport): string {
  const { result, failOn } = report
  const { summary, findings, unread } = result
  const objects = byObject(result)
  const open = objects.filter((one) => !isClean(one))
  const failing = findings.filter((one) => isFailing(one, failOn)).length
  const verdict =
    failing > 0
      ? `${counted(failing, 'finding')} to mend`
      : unread.length > 0
        ? 'incomplete'
        : 'nothing to mend'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Underpin: ${html(verdict)}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1>Underpin <span class="${failing > 0 ? 'bad' : unread.length > 0 ? 'odd' : 'good'}">${html(verdict)}</span></h1>
<p>${html(`${counted(summary.workloads, 'workload')}; meshes: ${summary.meshes.join(', ') || 'none'}; ${counted(findings.length, 'finding')}${findings.length > 0 ? ` (${severityText(summary.findings)})` : ''}`)}</p>
<ul class="sums">${Object.entries(summary.verdicts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `<li class="v-${name}"><b>${count}</b> ${html(name)}</li>`)
    .join('')}</ul>
</header>
<main>
${unread.length === 0 ? '' : unreadSection(report)}
<section><h2>To look at</h2>
${open.length === 0 ? '<p>Nothing.</p>' : open.map(objectSection).join('\n')}
</section>
<section><details><summary>Covered (${objects.length - open.length})</summary>
<ul>${objects.filter(isClean).map(coveredRow).join('\n')}</ul></details></section>
</main>
<footer>underpin ${html(report.version)} · ${html(result.schema)}</footer>
</body>
</html>`
}

function unreadSection({ result }: ScanReport): string {
  const rows = result.unread.map(
    ({ file, line, message }) =>
      `<li><code>${html(placeText({ file, line }))}</code> ${html(message)}</li>`,
  )
  return `<section><h2>Not read: this page is incomplete</h2><ul>${rows.join('\n')}</ul></section>`
}

function objectSection({ object, subjects, findings }: ObjectReport): string {
  const place = placeText(subjects[0] ?? findings[0] ?? {})
  const worst = severities.find((one) => findings.some(({ severity }) => severity === one))
  return `<details class="object s-${worst ?? 'info'}"${worst === 'critical' || worst === 'high' ? ' open' : ''}>
<summary><strong>${html(object)}</strong> <span class="place">${html(place)}</span></summary>
<ul class="verdicts">${subjects
    .map(
      (one) =>
        `<li class="v-${one.verdict}">${html(verdictText(one))} <small>${html(one.basis)}${one.pods === undefined ? '' : html(`, ${counted(one.pods.count, 'pod')}`)}${one.template === undefined ? '' : html(`, ${one.template}`)}</small>${one.assumed.map((words) => `<br><small>assumed: ${html(words)}</small>`).join('')}</li>`,
    )
    .join('')}</ul>
${findings.map(findingSection).join('\n')}
</details>`
}

function findingSection(finding: ScannedFinding): string {
  const { severity, id, mesh, message, remedy, path, known, pods } = finding
  const where = [placeText(finding), path].filter((one) => one !== '')
  return `<article class="s-${severity}${known === true ? ' known' : ''}">
<h3><span class="severity">${severity}</span> <code>${html(id)}</code> ${html(mesh)}${pods === undefined ? '' : html(` (${counted(pods, 'pod')})`)}${known === true ? ' (known)' : ''}</h3>
<p>${html(message)}</p>
<p class="place">${where.map((one) => `<code>${html(one)}</code>`).join(' ')}</p>
<p>→ ${html(remedy)}</p>
</article>`
}

function coveredRow({ object, subjects }: ObjectReport): string {
  const meshes = subjects.map(({ mesh, basis }) => `${mesh ?? ''} ${basis}`).join(', ')
  return `<li>${html(object)} <small>${html(meshes)}</small></li>`
}

/** Text, whatever it is. Also what turns the direction of reading is shown instead of obeyed. */
export function html(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return cleanLines(text).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
