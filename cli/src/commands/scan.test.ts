// SPDX-License-Identifier: Apache-2.0
// The command as people and build servers use it: what they name, what they get, and how it ends.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { UnderpinError } from '../../../runtime/src/index.ts'
import type { ScanResult } from '../../../webhook/src/index.ts'
import { dispatch } from '../dispatch.ts'
import { quietScreen } from '../screen.ts'

// The machine may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 })

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

function folderOf(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'underpin-scan-'))
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

async function run(...args: string[]) {
  const screen = quietScreen()
  try {
    const status = await dispatch(args, screen)
    return { status, said: screen.said.join('\n'), noted: screen.noted.join('\n') }
  } catch (error) {
    if (!(error instanceof UnderpinError)) throw error
    return { status: error.exitCode, said: screen.said.join('\n'), noted: error.message }
  }
}

const deployment = (name: string, spec = '') =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${name}, namespace: shop }\nspec:\n  template:\n    spec:\n      containers: [{ name: app, image: shop/app }]\n${spec}`
const namespace =
  'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { istio-injection: enabled } }\n'
const host = '      hostNetwork: true\n'
const clean = { 'ns.yaml': namespace, 'a.yaml': deployment('a') }

const resultOf = (said: string) => JSON.parse(said) as ScanResult

describe('how it ends', () => {
  it.each<[string, Record<string, string>, string[], number]>([
    ['clean', clean, [], 0],
    ['a finding', { ...clean, 'b.yaml': deployment('b', host) }, [], 1],
    [
      'a finding below the threshold',
      { ...clean, 'b.yaml': deployment('b', host) },
      ['--fail-on', 'critical'],
      0,
    ],
    [
      'a finding at the threshold',
      { ...clean, 'b.yaml': deployment('b', host) },
      ['--fail-on', 'high'],
      1,
    ],
    ['never', { ...clean, 'b.yaml': deployment('b', host) }, ['--fail-on', 'never'], 0],
    ['not everything read', { ...clean, 'c.yaml': 'a: [1\n' }, [], 3],
    [
      'a finding, and not everything read',
      { 'c.yaml': 'a: [1\n', 'b.yaml': deployment('b', host) },
      ['--mesh', 'istio'],
      1,
    ],
    [
      'a chart that was not rendered',
      { ...clean, 'templates/c.yaml': 'kind: Pod\nspec: {{ .Values.spec }}\n' },
      [],
      3,
    ],
    ['nothing to judge', { 'values.yaml': 'a: 1\n' }, [], 3],
    ['no documents', { 'readme.md': 'x' }, [], 2],
    ['unknown severity', clean, ['--fail-on', 'hihg'], 2],
    ['unknown format', clean, ['-o', 'xml'], 2],
    ['unknown mesh', clean, ['--mesh', 'istoi'], 2],
    ['a path that is none', clean, ['--pod-template-path', 'Widget'], 2],
    ['a baseline that is none', { ...clean, 'base.json': '{}' }, ['--baseline', 'base.json'], 2],
  ])('%s', async (_, files, args, status) => {
    const folder = folderOf(files)
    const own = args.map((one) => (one === 'base.json' ? join(folder, one) : one))
    expect((await run('scan', folder, ...own)).status).toBe(status)
  })

  it('says what is missing', async () => {
    expect(await run('scan')).toMatchObject({ status: 2 })
    const { status, noted } = await run('scan', '/nowhere/at/all')
    expect([status, noted]).toEqual([2, expect.stringContaining('no such file or folder')])
    expect((await run('scan', '.', '--fail-on', 'hihg')).noted).toContain('did you mean high?')
    expect((await run('scan', '.', '--mesh', 'istoi')).noted).toContain('did you mean istio?')
  })
})

describe('what it reads', () => {
  it('names a template, and goes on with the rest', async () => {
    const template = 'kind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n---\nkind: {{ .x }}\n'
    const { said } = await run(
      'scan',
      folderOf({ ...clean, 'templates/pod.yaml': template }),
      '-o',
      'json',
    )
    const { unread, summary } = resultOf(said)
    expect(
      unread.map(({ file, line, message }) => [file.endsWith('pod.yaml'), line, message]),
    ).toEqual([[true, 3, expect.stringContaining('helm template')]])
    expect(summary.workloads).toBe(1)
  })
  it('a file that is named twice, once', async () => {
    const folder = folderOf({ ...clean, 'b.yaml': deployment('b', host) })
    const { said } = await run('scan', folder, join(folder, 'b.yaml'), folder, '-o', 'json')
    const { summary } = resultOf(said)
    expect(summary).toMatchObject({ workloads: 2, findings: { high: 1 } })
  })

  it('text in braces is nothing unusual in a manifest', async () => {
    const text = `${deployment('a')}    metadata:\n      annotations:\n        vault: '{{- with secret "x" -}}{{ .Data }}{{- end -}}'\n`
    const { said } = await run('scan', folderOf({ ...clean, 'a.yaml': text }), '-o', 'json')
    expect(resultOf(said).unread).toEqual([])
  })
  it('lists in lists, of any kind, in YAML and JSON', async () => {
    const pod = {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: 'p' },
      spec: { hostNetwork: true, containers: [] },
    }
    const list = {
      kind: 'List',
      items: [{ kind: 'PodList', items: [{ ...pod, kind: undefined }] }, pod, 5, null],
    }
    const folder = folderOf({
      'a.json': JSON.stringify(list),
      'b.json': `${JSON.stringify(pod)}\n${JSON.stringify(pod)}`,
    })
    const { said } = await run('scan', folder, '--mesh', 'istio', '-o', 'json')
    expect(resultOf(said).subjects.map(({ object, reason }) => [object, reason])).toEqual(
      Array(4).fill(['Pod/default/p', 'host-network']),
    )
  })
  it('a namespace for what names none', async () => {
    const pod = 'kind: Pod\napiVersion: v1\nmetadata: {name: p}\nspec: {containers: []}\n'
    const { said } = await run('scan', folderOf({ 'p.yaml': pod }), '-n', 'shop', '-o', 'json')
    expect(resultOf(said).subjects[0]?.object).toBe('Pod/shop/p')
  })
  it('further kinds, where they keep their pods', async () => {
    const widget =
      'kind: Widget\napiVersion: example.com/v1\nmetadata: {name: w}\nspec: {a: {b: {spec: {hostNetwork: true, containers: []}}}}\n'
    const folder = folderOf({ 'w.yaml': widget })
    const args = ['scan', folder, '--mesh', 'istio', '-o', 'json']
    expect(resultOf((await run(...args)).said).subjects).toEqual([])
    const { said } = await run(...args, '--pod-template-path', 'Widget.example.com=spec.a.b')
    expect(resultOf(said).findings[0]?.path).toBe('spec.a.b.spec.hostNetwork')
  })
})

describe('what is said of the meshes', () => {
  it('settings are used', async () => {
    const settings = 'istio:\n  autoInject: disabled\n'
    const folder = folderOf({
      'm/a.yaml': namespace + '---\n' + deployment('a'),
      'settings.yaml': settings,
    })
    const { said } = await run(
      'scan',
      join(folder, 'm'),
      '--mesh-settings',
      join(folder, 'settings.yaml'),
      '-o',
      'json',
    )
    expect(resultOf(said).subjects[0]?.reason).toBe('injector-default-optin')
  })
  it('a version without quotes is one', async () => {
    const pod = `${deployment('a')}    metadata: { annotations: { sidecar.istio.io/inject: "n" } }\n`
    const folder = folderOf({
      'm/a.yaml': `${namespace}---\n${pod}`,
      's.yaml': 'istio: {version: 1.30}\n',
    })
    const { said } = await run(
      'scan',
      join(folder, 'm'),
      '--mesh-settings',
      join(folder, 's.yaml'),
      '-o',
      'json',
    )
    // Before 1.27 the word meant no; 1.3 would be before it.
    expect(resultOf(said).subjects[0]?.reason).toBeNull()
  })
  it('every problem of theirs is told with its line', async () => {
    const settings = 'istio:\n  version: 1.26\n  autoInjekt: disabled\n  images: 5\nistoi: {}\n'
    const folder = folderOf({ ...clean, 'settings.yaml': settings })
    const { status, noted } = await run(
      'scan',
      folder,
      '--mesh-settings',
      join(folder, 'settings.yaml'),
    )
    expect(status).toBe(2)
    for (const place of [
      'settings.yaml:3: istio.autoInjekt',
      'settings.yaml:4: istio.images',
      'settings.yaml:5: istoi',
    ])
      expect(noted).toContain(place)
    expect(noted).toContain('3 problems')
  })
  it('a profile of one’s own, or what is wrong with it', async () => {
    const profile =
      'kind: MeshProfile\nname: ours\nsidecar: {containers: [ours-proxy], images: [registry.example/ours]}\ncapture: {by: none}\ninject: {default: true}\n'
    const folder = folderOf({
      'm/a.yaml': deployment('a'),
      'good.yaml': profile,
      'bad.yaml': `${profile}sidekar: {}\n`,
    })
    const good = await run(
      'scan',
      join(folder, 'm'),
      '--mesh-profile',
      join(folder, 'good.yaml'),
      '-o',
      'json',
    )
    expect(good.noted).toBe('')
    expect(resultOf(good.said).subjects.map(({ mesh }) => mesh)).toContain('ours')
    const bad = await run('scan', join(folder, 'm'), '--mesh-profile', join(folder, 'bad.yaml'))
    expect(bad).toMatchObject({
      status: 2,
      noted: expect.stringContaining('bad.yaml:6: sidekar') as string,
    })
  })
})

describe('a baseline', () => {
  it('lets only what is new fail, and survives moves', async () => {
    const folder = folderOf({ ...clean, 'b.yaml': deployment('b', host) })
    const base = join(folder, 'baseline')
    const written = await run('scan', folder, '--write-baseline', base)
    expect([written.status, written.noted]).toEqual([0, expect.stringContaining('1 finding')])
    writeFileSync(join(folder, 'b.yaml'), `# moved\n\n${deployment('b', host)}`)
    const again = await run('scan', folder, '--baseline', base, '-o', 'json')
    expect(again.status).toBe(0)
    expect(resultOf(again.said).findings).toMatchObject([{ id: 'host-network', known: true }])
    writeFileSync(join(folder, 'c.yaml'), deployment('c', host))
    expect((await run('scan', folder, '--baseline', base)).status).toBe(1)
    writeFileSync(join(folder, 'c.yaml'), deployment('c'))
    writeFileSync(join(folder, 'b.yaml'), deployment('b'))
    expect((await run('scan', folder, '--baseline', base)).said).toContain('no longer occur')
  })
  it('knows a finding that has become worse as a new one', async () => {
    const ports = (value: string) =>
      `${deployment('b')}    metadata: { annotations: { traffic.sidecar.istio.io/excludeOutboundPorts: "${value}" } }\n`
    const folder = folderOf({ ...clean, 'b.yaml': ports('5432') })
    const base = join(folder, 'baseline')
    await run('scan', folder, '--write-baseline', base)
    expect((await run('scan', folder, '--baseline', base)).status).toBe(0)
    writeFileSync(join(folder, 'b.yaml'), ports('5432,22'))
    expect((await run('scan', folder, '--baseline', base)).status).toBe(1)
  })
})

describe('a file for the result', () => {
  it('is whole, and the terminal hears of it', async () => {
    const folder = folderOf({ ...clean, 'b.yaml': deployment('b', host) })
    const file = join(folder, 'out.html')
    const { status, said, noted } = await run('scan', folder, '-o', 'html', '--output-file', file)
    expect([status, said, noted]).toEqual([1, '', expect.stringContaining('1 finding (1 high)')])
    expect(readFileSync(file, 'utf8')).toContain('</html>')
    expect(existsSync(`${file}.new`)).toBe(false)
  })
  it('must be one that can be written', async () => {
    const folder = folderOf(clean)
    const { status, noted } = await run(
      'scan',
      folder,
      '--output-file',
      join(folder, 'no/such/out'),
    )
    expect([status, noted]).toEqual([2, expect.stringContaining('write report')])
  })
})
