// SPDX-License-Identifier: Apache-2.0
// Several webhooks with one folder: none loses another's authority, and no key gets out.
import { X509Certificate } from 'node:crypto'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeAuthority } from './authority.ts'
import { folderStore } from './folder-store.ts'
import { keepCertificates, type Keeper } from './keeper.ts'

const now = new Date('2026-11-21T00:00:00Z')
const day = 24 * 60 * 60 * 1000
let state: string
beforeEach(() => {
  state = fs.mkdtempSync(join(tmpdir(), 'underpin-store-'))
})
afterEach(() => {
  fs.rmSync(state, { recursive: true })
})

const storeOf = (keepKeys: boolean, unusable: string[] = []) =>
  folderStore({
    folder: join(state, 'webhook'),
    bundle: join(state, 'ca.pem'),
    keepKeys,
    unusable: (_file, why) => unusable.push(why),
  })
const keeperOf = (keepKeys: boolean, at = now): Promise<Keeper> =>
  keepCertificates({
    names: ['a'],
    store: storeOf(keepKeys),
    now: () => at,
    serve: () => undefined,
    failed: (cause) => {
      throw cause
    },
  })
const bundle = () => fs.readFileSync(join(state, 'ca.pem'), 'utf8')
const certificatesIn = (text: string) =>
  text.match(/-----BEGIN CERTIFICATE[^]*?END CERTIFICATE-----/g) ?? []
const trusted = ({ leaf }: Keeper) =>
  certificatesIn(bundle()).some((one) =>
    new X509Certificate(leaf.certificate).verify(new X509Certificate(one).publicKey),
  )

describe('with keys', () => {
  test('a restart goes on with the same authority', async () => {
    const first = await keeperOf(true)
    const before = bundle()
    await first.stop()
    const second = await keeperOf(true)
    expect(bundle()).toBe(before)
    expect(trusted(second)).toBe(true)
    await second.stop()
    expect(bundle()).toBe(before)
  })

  test('nobody else may read a key, whatever the umask', async () => {
    const before = process.umask(0)
    try {
      await (await keeperOf(true)).stop()
    } finally {
      process.umask(before)
    }
    const folder = join(state, 'webhook')
    const files = fs.readdirSync(folder)
    expect(files).toHaveLength(1)
    expect(fs.statSync(folder).mode & 0o777).toBe(0o700)
    for (const file of files) expect(fs.statSync(join(folder, file)).mode & 0o777).toBe(0o600)
    expect(bundle()).not.toContain('PRIVATE KEY')
  })

  test('two that start at once use one authority, and the bundle has it', async () => {
    const both = await Promise.all([keeperOf(true), keeperOf(true), keeperOf(true)])
    expect(certificatesIn(bundle())).toHaveLength(1)
    for (const one of both) expect(trusted(one)).toBe(true)
    await Promise.all(both.map((one) => one.stop()))
  })

  test.each<[string, (file: string) => void]>([
    ['cut off in the certificate', (file) => fs.truncateSync(file, 300)],
    ['cut off in the key', (file) => fs.truncateSync(file, fs.statSync(file).size - 40)],
    ['empty', (file) => fs.truncateSync(file, 0)],
    [
      'a key of another certificate',
      (file) => {
        const other = fs.readFileSync(join(state, 'other.pem'), 'utf8')
        const [certificate = ''] = certificatesIn(fs.readFileSync(file, 'utf8'))
        fs.writeFileSync(file, `${certificate}\n${other}`)
      },
    ],
  ])(
    'a file that is broken (%s) is told and left alone, and a new authority made',
    async (_name, breaking) => {
      const { key } = await makeAuthority(now, day)
      fs.writeFileSync(join(state, 'other.pem'), key)
      await (await keeperOf(true)).stop()
      const before = bundle()
      const [file = ''] = fs.readdirSync(join(state, 'webhook'))
      breaking(join(state, 'webhook', file))
      const unusable: string[] = []
      const kept = await storeOf(true, unusable).renew(now, () => makeAuthority(now, day))
      expect(unusable.length).toBeGreaterThan(0)
      expect(kept.bundle).not.toContain(before)
      expect(fs.existsSync(join(state, 'webhook', file))).toBe(true)
    },
  )

  test('what has ended is neither trusted nor kept', async () => {
    await storeOf(true).renew(now, () => makeAuthority(now, day))
    const later = new Date(now.getTime() + 2 * day)
    const kept = await storeOf(true).renew(later, () => makeAuthority(later, day))
    expect(kept.authorities).toHaveLength(1)
    expect(fs.readdirSync(join(state, 'webhook'))).toHaveLength(1)
  })
})

describe('without keys', () => {
  test('each has its own authority, and the bundle has all that run', async () => {
    const [a, b] = await Promise.all([keeperOf(false), keeperOf(false)])
    expect(certificatesIn(bundle())).toHaveLength(2)
    expect([trusted(a), trusted(b)]).toEqual([true, true])
    await a.stop()
    expect(certificatesIn(bundle())).toHaveLength(1)
    expect([trusted(a), trusted(b)]).toEqual([false, true])
    await b.stop()
    expect(fs.readdirSync(join(state, 'webhook'))).toEqual([])
  })

  test('no key is written', async () => {
    const keeper = await keeperOf(false)
    for (const file of fs.readdirSync(join(state, 'webhook')))
      expect(fs.readFileSync(join(state, 'webhook', file), 'utf8')).not.toContain('PRIVATE KEY')
    await keeper.stop()
  })
})

test('the lock of one who died is taken after a while', async () => {
  fs.mkdirSync(join(state, 'webhook', 'lock'), { recursive: true })
  const long = new Date(Date.now() - 60_000)
  fs.utimesSync(join(state, 'webhook', 'lock'), long, long)
  await (await keeperOf(true)).stop()
  expect(certificatesIn(bundle())).toHaveLength(1)
})

test('a folder that cannot be written is told with its remedy', async () => {
  fs.writeFileSync(join(state, 'webhook'), 'a file')
  await expect(keeperOf(true)).rejects.toMatchObject({
    code: 'certificate-failed',
    message: expect.stringContaining('--state DIR') as string,
  })
})
