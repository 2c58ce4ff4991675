// SPDX-License-Identifier: Apache-2.0
// What programs read of a scan has the shape that is promised to them, whatever was scanned.
import { readFileSync } from 'node:fs'
// eslint-disable-next-line no-restricted-imports -- a test looks from outside, with a validator of its own
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { parseDocuments } from '../../../policies/src/index.ts'
import { verdicts, type ScanResult } from '../../../webhook/src/index.ts'
import { formats } from './formats.ts'
import type { ScanReport } from './report.ts'
import { uriOf } from './scan-sarif.ts'
import { hostile, knownBut, manifests, reportOf } from './specimen-report.ts'

// The machine may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 })

const schemaAt = (path: string): object =>
  JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as object

const ajv = new Ajv({ allErrors: true, strictTypes: false })
const formatOf = (name: string) =>
  name === 'uri'
    ? (text: string) => URL.canParse(text)
    : name === 'uri-reference'
      ? (text: string) => /^(?:[\w.~!$&'()*+,;=:@/?#-]|%[0-9A-F]{2})+$/.test(text)
      : (text: string) => !Number.isNaN(Date.parse(text))
for (const name of ['uri', 'uri-reference']) ajv.addFormat(name, formatOf(name))
const contract = ajv.compile(schemaAt('../../../docs/scan.schema.json'))
const sarif = ajv.compile(schemaAt('./sarif.schema.json'))
/** The schema of the standard itself, as its authors' own package has it: of draft 4, with an expression that no /u takes. */
const official = (() => {
  const at = import.meta.resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json')
  const { $schema, id, ...rest } = schemaAt(at) as { $schema: string; id: string }
  expect([$schema, id]).toEqual([
    expect.stringContaining('draft-04'),
    expect.stringContaining('sarif-2.1.0'),
  ])
  const old = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false })
  for (const name of ['uri', 'uri-reference', 'date-time']) old.addFormat(name, formatOf(name))
  return old.compile(rest)
})()

const problemsOf = (validate: typeof contract, value: unknown) =>
  validate(value) ? [] : validate.errors

type Place = {
  physicalLocation: {
    artifactLocation: { uri: string }
    region: { startLine: number; startColumn: number; endColumn?: number }
  }
}
type Result = {
  ruleId: string
  ruleIndex: number
  level: string
  message?: object
  baselineState?: string
  partialFingerprints?: object
  locations: [Place]
}
type Sarif = { runs: { tool: { driver: { rules: { id: string }[] } }; results: Result[] }[] }

function ofCluster(): ScanReport {
  const report = reportOf()
  for (const one of report.result.findings) {
    for (const key of ['file', 'line', 'column', 'endColumn'] as const) delete one[key]
  }
  return report
}

function longNamed(): ScanReport {
  const report = reportOf()
  for (const one of report.result.findings) one.id = 'a'.repeat(5000)
  return report
}

const plain = (_: string, text: string) => text

describe('JSON', () => {
  it.each([
    ['everything', reportOf()],
    ['nothing', reportOf('')],
    ['a baseline', knownBut('host-network')],
    ['a list in JSON', reportOf(JSON.stringify({ kind: 'List', apiVersion: 'v1', items: [] }))],
    [
      'no mesh',
      reportOf('apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: []}\n'),
    ],
  ])('has the shape of the schema: %s', (_, report) => {
    expect(problemsOf(contract, JSON.parse(formats.json(report)))).toEqual([])
  })

  it('has it for any damaged manifest, and the schema is not one that everything fits', () => {
    const cut = fc.tuple(fc.nat(manifests.length), fc.nat(40), fc.string({ maxLength: 3 }))
    fc.assert(
      fc.property(cut, ([at, length, insert]) => {
        const text = manifests.slice(0, at) + insert + manifests.slice(at + length)
        expect(problemsOf(contract, JSON.parse(formats.json(reportOf(text))))).toEqual([])
      }),
      { numRuns: 150 },
    )
    const { result } = reportOf()
    expect(problemsOf(contract, { ...result, more: 1 })).not.toEqual([])
    expect(problemsOf(contract, { ...result, schema: 'underpin.dev/scan/v2' })).not.toEqual([])
  })

  it('has it in the documentation, which shows all that a finding has', () => {
    const page = readFileSync(new URL('../../../docs/scan.md', import.meta.url), 'utf8')
    const shown = JSON.parse(/```json\n([^]*?)```/.exec(page)?.[1] ?? '') as ScanResult
    expect(problemsOf(contract, shown)).toEqual([])
    const { subjects, findings } = reportOf().result
    expect(Object.keys(shown.subjects[0] ?? {})).toEqual(Object.keys(subjects[0] ?? {}))
    expect(Object.keys(shown.findings[0] ?? {})).toEqual(Object.keys(findings[0] ?? {}))
    for (const verdict of verdicts) expect(page).toContain(`| \`${verdict}\``)
  })

  it('is the same as YAML', () => {
    const report = reportOf()
    const [read] = parseDocuments(formats.yaml(report))
    expect(read?.misprints).toEqual([])
    expect(read?.value).toEqual(JSON.parse(formats.json(report)))
  })

  it('holds the fields that are promised, first', () => {
    const { subjects, findings } = reportOf().result
    expect(Object.keys(subjects[0] ?? {}).slice(0, 5)).toEqual([
      ...['object', 'mesh', 'verdict', 'reason', 'assumed'],
    ])
    expect(Object.keys(findings[0] ?? {}).slice(0, 7)).toEqual([
      ...['id', 'mesh', 'object', 'path', 'severity', 'message', 'remedy'],
    ])
  })
})

describe('SARIF', () => {
  it.each([
    ['everything', reportOf()],
    ['nothing', reportOf('')],
    ['a baseline', knownBut('host-network')],
    ['from a pipe', reportOf(manifests, { file: '(stdin)' })],
    ['of a cluster, without files', ofCluster()],
    ['with a check of a name as long as one may be', longNamed()],
    ['outside of the folder', reportOf(manifests, { file: '../else where/a.yaml' })],
  ])('is valid: %s', (_, report) => {
    const written: unknown = JSON.parse(formats.sarif(report))
    // By the standard, and by what a code scanning service takes of it.
    expect(problemsOf(official, written)).toEqual([])
    expect(problemsOf(sarif, written)).toEqual([])
  })

  it('is valid for any damaged manifest, in any file', () => {
    const cut = fc.tuple(fc.nat(manifests.length), fc.nat(40), fc.string({ unit: 'binary' }))
    fc.assert(
      fc.property(cut, fc.string({ unit: 'binary', minLength: 1 }), ([at, length, more], file) => {
        const text = manifests.slice(0, at) + more + manifests.slice(at + length)
        const written: unknown = JSON.parse(formats.sarif(reportOf(text, { file })))
        expect(problemsOf(official, written)).toEqual([])
        expect(problemsOf(sarif, written)).toEqual([])
      }),
      { numRuns: 100 },
    )
  })

  it.each<[string, (result: Result) => void]>([
    ['a line 0', ({ locations: [at] }) => (at.physicalLocation.region.startLine = 0)],
    ['a column 0', ({ locations: [at] }) => (at.physicalLocation.region.startColumn = 0)],
    ['half a line', ({ locations: [at] }) => (at.physicalLocation.region.startLine = 1.5)],
    [
      'a space in a URI',
      ({ locations: [at] }) => (at.physicalLocation.artifactLocation.uri = 'a b'),
    ],
    ['no such level', (result) => (result.level = 'high')],
    ['no such state', (result) => (result.baselineState = 'old')],
    ['a field of our own', (result) => Object.assign(result, { severity: 'high' })],
    ['no message', (result) => delete result.message],
  ])('%s is not valid, by either schema', (_, damage) => {
    const written = JSON.parse(formats.sarif(reportOf())) as Sarif
    const [result] = written.runs[0]?.results ?? []
    expect(result).toBeDefined()
    if (result !== undefined) damage(result)
    expect(problemsOf(official, written)).not.toEqual([])
    expect(problemsOf(sarif, written)).not.toEqual([])
  })

  it.each<[string, (result: Result) => void]>([
    [
      'a region without its end',
      ({ locations: [at] }) => delete at.physicalLocation.region.endColumn,
    ],
    ['no fingerprint', (result) => delete result.partialFingerprints],
    ['no place', (result) => result.locations.pop()],
  ])('%s would be refused by a code scanning service, and is refused here', (_, damage) => {
    const written = JSON.parse(formats.sarif(reportOf())) as Sarif
    const [result] = written.runs[0]?.results ?? []
    if (result !== undefined) damage(result)
    expect(problemsOf(sarif, written)).not.toEqual([])
  })

  it('points to the text that does it', () => {
    const [run] = (JSON.parse(formats.sarif(reportOf())) as Sarif).runs
    const found = run?.results.find(({ ruleId }) => ruleId === 'exclude-inbound-ports')
    const { artifactLocation, region } = found?.locations[0]?.physicalLocation ?? {}
    expect(artifactLocation?.uri).toBe('deploy/my%20shop.yaml')
    const line = manifests.split('\n')[(region?.startLine ?? 0) - 1] ?? ''
    expect(line.slice((region?.startColumn ?? 0) - 1, (region?.endColumn ?? 0) - 1)).toBe(
      'traffic.sidecar.istio.io/excludeInboundPorts: "9000"',
    )
    expect(run?.tool.driver.rules[found?.ruleIndex ?? -1]?.id).toBe('exclude-inbound-ports')
  })

  it('tells new from known', () => {
    const [run] = (JSON.parse(formats.sarif(knownBut('host-network'))) as Sarif).runs
    const states = run?.results.map(
      ({ ruleId, baselineState }) => `${ruleId} ${baselineState ?? ''}`,
    )
    expect(states).toContain('host-network new')
    expect(states).toContain('exclude-inbound-ports unchanged')
  })

  it.each([
    ['a/b c.yaml', 'a/b%20c.yaml'],
    ['./a.yaml', 'a.yaml'],
    ['/work/repository/x/ü.yaml', 'x/%C3%BC.yaml'],
    ['/else/where#1.yaml', 'file:///else/where%231.yaml'],
    ['/work/repository/../x.yaml', 'file:///work/x.yaml'],
    ['../repository/a.yaml', 'a.yaml'],
    ['../a.yaml', 'file:///work/a.yaml'],
    ['..a.yaml', '..a.yaml'],
    ['(stdin)', 'stdin'],
    ['a:b.yaml', 'a%3Ab.yaml'],
    ['%41.yaml', '%2541.yaml'],
  ])('%s → %s', (file, uri) => {
    expect(uriOf(file, '/work/repository')).toBe(uri)
  })
})

describe('hostile names', () => {
  const all = Object.entries(formats).map(
    ([name, write]) => [name, write(reportOf(), plain)] as const,
  )

  it.each(all)('%s tells a terminal nothing', (_, text) => {
    // eslint-disable-next-line no-control-regex -- the point is to find them
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  })
  it('are text in HTML, in XML and in Markdown', () => {
    for (const name of ['html', 'junit', 'markdown'] as const) {
      const text = formats[name](reportOf())
      expect(text).not.toContain('<script>')
      expect(text).not.toContain('<img')
      expect(text).toContain('&lt;script&gt;')
    }
    expect(formats.markdown(reportOf())).not.toMatch(/\]\(http/)
    const named = reportOf()
    named.result.findings.forEach(
      (one) => (one.message = '@admin #1 http://evil.example www.evil.example'),
    )
    const rendered = formats
      .markdown(named)
      .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    expect(rendered).not.toMatch(/@admin|#1|http:\/\/evil|www\.evil/)
  })
  it('leave XML well formed', () => {
    const report = reportOf()
    expect(unclosed(formats.junit(report))).toEqual([])
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        report.result.findings.forEach((one) => (one.message = name + hostile))
        expect(unclosed(formats.junit(report))).toEqual([])
        expect(unclosed(formats.html(report).replace(/^[^]*<\/style>/, '<x><y>'))).toEqual([])
      }),
      { numRuns: 40 },
    )
  })
  it('load nothing in HTML', () => {
    expect(formats.html(reportOf())).not.toMatch(/<(script|link|img|iframe|object|embed|base|a)\b/)
    expect(formats.html(reportOf())).not.toMatch(/<[^>]*\b(src|href|style|on\w+)=/)
  })
})

/** Elements that are not closed in turn, and what is no element, text or entity. */
function unclosed(text: string): string[] {
  const open: string[] = []
  const rest = text
    .replace(/^<\?xml[^?]*\?>/, '')
    .replace(
      /<(\/?)([a-z][\w-]*)((?:\s+[a-z]+(?:="[^"<]*")?)*)\s*(\/?)>/gi,
      (_, end: string, name: string, __, self) => {
        if (end !== '') {
          const last = open.pop()
          if (last !== name) open.push(`${last ?? ''} closed by ${name}`)
        } else if (self === '' && !['meta', 'br'].includes(name)) open.push(name)
        return ''
      },
    )
    .replace(/&(amp|lt|gt|quot|apos|#\d+);/g, '')
  const stray = /[<&].{0,20}/.exec(rest)?.[0]
  const left = text.startsWith('<?xml')
    ? open
    : open.filter((one) => one.includes('closed by') && !/ (body|html|head)/.test(one))
  return stray === undefined ? left : [...left, stray]
}
