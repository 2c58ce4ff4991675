// SPDX-License-Identifier: Apache-2.0
// What ran where: vitest's own report of each guest, and a table of every test by name against the guests.

export interface TestResult {
  file: string
  name: string
  outcome: 'passed' | 'failed' | 'skipped'
  /** Of a failed one. */
  message?: string
}
export interface Report {
  guest: string
  good: boolean
  tests: TestResult[]
}

interface VitestReport {
  startTime: number
  testResults: {
    name: string
    status: string
    message?: string
    startTime: number
    endTime: number
    assertionResults: { fullName: string; status: string; failureMessages?: string[] }[]
  }[]
}

/** A file that could not even begin counts as one failed test. */
export function readReport(text: string): TestResult[] {
  if (text.trim() === '') return []
  const { testResults } = JSON.parse(text) as VitestReport
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = name.replace(/^.*\/test\//, '').replace(/\.test\.ts$/, '')
    const results = assertionResults.map((one): TestResult => ({
      file,
      name: one.fullName.trim(),
      outcome: one.status === 'passed' || one.status === 'failed' ? one.status : 'skipped',
      ...(one.failureMessages?.length && { message: one.failureMessages.join('\n') }),
    }))
    const failed = results.some(({ outcome }) => outcome === 'failed')
    return status === 'failed' && !failed
      ? [
          ...results,
          { file, name: '(the file itself)', outcome: 'failed' as const, message: message ?? '' },
        ]
      : results
  })
}

/** What each file took, set-up and tests, such as ": exec 20+31 s, load 9+12 s"; the rest is booting and starting. */
export function secondsOf(text: string): string {
  if (text.trim() === '') return ''
  const { testResults, startTime } = JSON.parse(text) as VitestReport
  let ended = startTime
  const files = testResults
    .sort((a, b) => a.startTime - b.startTime)
    .map(({ name, startTime, endTime }) => {
      const file = name.replace(/^.*\//, '').replace(/\.test\.ts$/, '')
      const seconds = (ms: number) => (ms / 1000).toFixed(0)
      const said = `${file} ${seconds(startTime - ended)}+${seconds(endTime - startTime)} s`
      ended = endTime
      return said
    })
  return `: ${files.join(', ')}`
}

/** Lines: each failed test by name, and the beginning of what it says. */
export function failures(tests: readonly TestResult[]): string[] {
  return tests
    .filter(({ outcome }) => outcome === 'failed')
    .flatMap(({ file, name, message = '' }) => [
      `✗ ${file}: ${name}`,
      ...message
        .split('\n')
        .slice(0, 20)
        .map((line) => `    ${line}`),
    ])
}

const signs = { passed: '✓', failed: '✗', skipped: '–' }

/** Lines: a column for each guest, a row for each test. ✓ passed, ✗ failed, – not there (older than the feature), blank: not run. */
export function table(reports: readonly Report[]): string[] {
  const ran = reports.filter(({ tests }) => tests.length > 0)
  const names = new Map<string, Map<string, string>>() // file and name → guest → sign
  for (const { guest, tests } of ran)
    for (const { file, name, outcome } of tests) {
      const key = `${file}: ${name}`
      names.set(key, (names.get(key) ?? new Map<string, string>()).set(guest, signs[outcome]))
    }
  return [
    '',
    ...ran.map(({ guest }, i) => `  ${letter(i)}  ${guest}`),
    `  ${ran.map((_, i) => letter(i)).join(' ')}`,
    ...[...names].map(
      ([key, at]) => `  ${ran.map(({ guest }) => at.get(guest) ?? ' ').join(' ')}  ${key}`,
    ),
    '',
  ]
}

const letter = (i: number) => String.fromCharCode(65 + i)
