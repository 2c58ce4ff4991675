// SPDX-License-Identifier: Apache-2.0
// The image that `npm run image` makes: the same one from the same files, with what it says is in it, and each part of it
// runs as the chart runs it.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const project = new URL('../..', import.meta.url).pathname
const script = join(project, 'scripts/image.sh')

type Blob = { digest: string; size: number }
type Config = {
  config: { User: string; Entrypoint: string[] }
  rootfs: { diff_ids: string[] }
}
type Contents = {
  spdxVersion: string
  packages: { name: string; versionInfo: string; externalRefs?: { referenceLocator: string }[] }[]
}

let folder: string
let root: string
let config: Config
const out = (name: string) => join(folder, `${name}.tar`)

function must(program: string, args: string[], timeout = 500_000): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${status}\n${stdout}${stderr}`)
  return stdout
}
const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
const json = (...path: string[]): unknown => JSON.parse(readFileSync(join(folder, ...path), 'utf8'))

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'underpin-image-'))
  root = join(folder, 'root')
  console.log(must(script, [out('image')]).trim())
  for (const name of ['layout', 'root']) mkdirSync(join(folder, name))
  must('tar', ['-x', '-f', out('image'), '-C', join(folder, 'layout')])
  const blob = ({ digest }: Blob) => join('layout', 'blobs', 'sha256', digest.slice(7))
  const index = json('layout', 'index.json') as { manifests: Blob[] }
  const [first] = index.manifests
  if (!first) throw new Error('an image without a manifest')
  const manifest = json(blob(first)) as { config: Blob; layers: Blob[] }
  config = json(blob(manifest.config)) as Config
  for (const one of [first, manifest.config, ...manifest.layers])
    expect(sha256(join(folder, blob(one)))).toBe(one.digest.slice(7))
  for (const one of manifest.layers)
    must('tar', ['-x', '-z', '-f', join(folder, blob(one)), '-C', root])
}, 600_000)
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true, force: true })
})

/** `user` undefined: root, with the machine's own file systems in sight, as the agent's pod has them. */
function inside(args: string[], user?: string) {
  const command = ['chroot', ...(user ? [`--userspec=${user}`] : []), root, '/usr/bin/underpin']
  const mounts = user
    ? [':']
    : [
        `mount --bind ${root} ${root}`,
        ...['proc', 'sys', 'dev'].map((name) => `mount --rbind /${name} ${join(root, name)}`),
        `mount -t tmpfs tmpfs ${join(root, 'tmp')}`,
      ]
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['-m', 'sh', '-c', `${mounts.join(' && ')} && exec "$@"`, 'sh', ...command, ...args],
    { encoding: 'utf8', timeout: 100_000, env: { PATH: process.env['PATH'] } },
  )
  return { status, stdout, stderr }
}

test('the same files make the same image', () => {
  must(script, [out('again')])
  expect(sha256(out('again'))).toBe(sha256(out('image')))
}, 600_000)

test('nobody runs as root but who says so, and nothing is left of how it was made', () => {
  expect(config.config).toMatchObject({
    User: '65532:65532',
    Entrypoint: ['/usr/bin/underpin'],
  })
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  expect(files.length).toBeGreaterThan(1000)
  const wrong = files.filter((name) => {
    const found = lstatSync(join(root, name))
    const { mode, uid } = found
    const isSet = found.isFile() && (mode & 0o6000) !== 0
    const isAnybodys = !found.isSymbolicLink() && (mode & 0o1002) === 2
    return uid !== 0 || isSet || isAnybodys
  })
  expect(wrong).toEqual([])
  const own = files.filter((name) => name.startsWith('opt/underpin/dist/'))
  expect(own.filter((name) => /\.ts$|\.test\./.test(name))).toEqual([])
  expect(files.filter((name) => /bin\/(apt.*|dpkg.*|npm|gcc|curl|wget)$/.test(name))).toEqual([])
})

test('the list of its contents names every library and every package in it', () => {
  const list = JSON.parse(
    readFileSync(join(root, 'usr/share/underpin/sbom.spdx.json'), 'utf8'),
  ) as Contents
  expect(json('image.spdx.json')).toEqual(list)
  expect(list.spdxVersion).toBe('SPDX-2.3')
  const named = new Set(list.packages.map(({ name }) => name))
  const modules = join(root, 'opt/underpin/node_modules')
  const libraries = readdirSync(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(modules, name)).map((one) => `${name}/${one}`) : name,
    )
  expect(libraries.length).toBeGreaterThan(10)
  expect(libraries.filter((name) => !named.has(name))).toEqual([])
  const debian = readdirSync(join(root, 'usr/share/doc')).filter((name) =>
    existsSync(join(root, 'usr/share/doc', name, 'copyright')),
  )
  const packages = list.packages.filter(({ externalRefs }) =>
    externalRefs?.some(({ referenceLocator }) => referenceLocator.startsWith('pkg:deb/')),
  )
  expect(packages.map(({ name }) => name).sort()).toEqual(debian.sort())
  for (const { versionInfo } of list.packages) expect(versionInfo).toMatch(/^\d/)
})

test('each part runs in it, the webhook without root', () => {
  const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
    version: string
  }
  const user = config.config.User
  expect(inside(['--version'], user)).toEqual({
    status: 0,
    stdout: `underpin ${version}\n`,
    stderr: '',
  })
  for (const part of ['webhook', 'controller', 'agent', 'crds apply'])
    expect(inside([...part.split(' '), '--help'], user)).toMatchObject({ status: 0, stderr: '' })
  writeFileSync(
    join(root, 'tmp', 'pod.yaml'),
    'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, image: a }] }\n',
  )
  const scanned = inside(['scan', '/tmp/pod.yaml', '-o', 'json'], user)
  expect([scanned.stderr, JSON.parse(scanned.stdout)]).toEqual(['', expect.any(Object)])
})

test('the agent finds its kernel programs and libraries in it', () => {
  type Doctor = { checks: { what: string; state: string }[]; mechanisms: object[] }
  const main = join(project, 'cli/src/main.ts')
  const here = spawnSync(process.execPath, [main, 'doctor', '-o', 'json'], { encoding: 'utf8' })
  const there = inside(['doctor', '-o', 'json'])
  expect(there).toMatchObject({ status: here.status, stderr: '' })
  const told = ({ stdout }: { stdout: string }) => {
    const { checks, mechanisms } = JSON.parse(stdout) as Doctor
    return { checks: checks.map(({ what, state }) => [what, state]), mechanisms }
  }
  expect(told(there)).toEqual(told(here))
})
