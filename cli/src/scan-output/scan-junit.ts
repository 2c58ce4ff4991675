// SPDX-License-Identifier: Apache-2.0
// JUnit XML, as build servers read it: a test suite for each mesh, a test case for each object, and a failure
// for what makes the scan fail. What does not fail is told in the case's output.

import { clean } from '../clean-text.ts'
import { byObject, isFailing, placeText, verdictText, type ScanReport } from './report.ts'

export function scanJunit(report: ScanReport): string {
  const cases = byObject(report.result).map(({ object, subjects, findings }) => {
    const failing = findings.filter((one) => isFailing(one, report.failOn))
    const others = findings.filter((one) => !failing.includes(one))
    const [kind = '', ...name] = object.split('/')
    const [place] = [subjects[0] ?? findings[0]]
    const file = place?.file === undefined ? '' : ` file="${xml(place.file)}"`
    const line = place?.line === undefined ? '' : ` line="${place.line}"`
    const said = [
      ...subjects.map(verdictText),
      ...subjects.flatMap(({ assumed }) => assumed.map((one) => `assumed: ${one}`)),
      ...others.map(findingText),
    ]
    return [
      `    <testcase classname="${xml(`underpin.${kind}`)}" name="${xml(name.join('/') || object)}"${file}${line} time="0">`,
      ...(failing.length === 0
        ? []
        : [
            `      <failure type="${xml(failing[0]?.id ?? '')}" message="${xml(failing.map(({ id, severity }) => `${severity} ${id}`).join(', '))}">${xml(failing.map(findingText).join('\n'))}</failure>`,
          ]),
      `      <system-out>${xml(said.join('\n'))}</system-out>`,
      '    </testcase>',
    ].join('\n')
  })
  const unread = report.result.unread.map(({ file, line, message }) =>
    [
      `    <testcase classname="underpin.input" name="${xml(placeText({ file, line }))}" time="0">`,
      `      <error type="not-read" message="${xml(message)}"></error>`,
      '    </testcase>',
    ].join('\n'),
  )
  const failures = cases.filter((one) => one.includes('<failure ')).length
  const counts = `tests="${cases.length + unread.length}" failures="${failures}" errors="${unread.length}" skipped="0"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="underpin scan" ${counts} time="0">`,
    `  <testsuite name="underpin scan" ${counts} time="0">`,
    ...cases,
    ...unread,
    '  </testsuite>',
    '</testsuites>',
  ].join('\n')
}

function findingText(finding: {
  severity: string
  id: string
  message: string
  remedy: string
  path: string
  file?: string
  line?: number
}): string {
  const { severity, id, message, remedy, path } = finding
  const where = [placeText(finding), path].filter((one) => one !== '').join(' ')
  return `${severity} ${id}: ${message}${where === '' ? '' : ` (${where})`} → ${remedy}`
}

/** Text for XML 1.0: what it cannot hold at all is shown as it is for a terminal. */
export function xml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&apos;',
  }
  return text
    .split('\n')
    .map(clean)
    .join('\n')
    .replace(
      /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[\ufffe\uffff]/g,
      '\ufffd',
    )
    .replace(/[&<>"']/g, (character) => entities[character] ?? '')
    .replaceAll('\n', '&#10;')
}
