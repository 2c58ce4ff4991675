// SPDX-License-Identifier: Apache-2.0
// A certificate that somebody else keeps: taken up as it is changed, and kept where what is there cannot be used.
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeAuthority, makeLeaf } from './authority.ts'
import { keepMounted } from './mounted.ts'

const minute = 60_000
let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'underpin-mounted-'))
})
afterEach(() => {
  fs.rmSync(folder, { recursive: true })
})

async function pair(now = new Date(), lifeMs = 60 * minute) {
  return makeLeaf(await makeAuthority(now, 2 * lifeMs), ['w.ns.svc'], now, lifeMs)
}

let version = 0
/** As the kubelet does it: a folder of its own for each version, and a link that is moved in one step. */
function put(files: Record<string, string>): void {
  const name = `..v${version++}`
  fs.mkdirSync(join(folder, name))
  for (const [file, text] of Object.entries(files)) {
    fs.writeFileSync(join(folder, name, file), text)
    if (!fs.existsSync(join(folder, file))) {
      fs.rmSync(join(folder, file), { force: true })
      fs.symlinkSync(join('..data', file), join(folder, file))
    }
  }
  fs.symlinkSync(name, join(folder, '..new'))
  fs.renameSync(join(folder, '..new'), join(folder, '..data'))
}
const filesOf = (one: { certificate: string; key: string }) => ({
  'tls.crt': one.certificate,
  'tls.key': one.key,
})

function keeping(now: () => Date = () => new Date()) {
  const served: string[] = []
  const failures: string[] = []
  const keeper = keepMounted({
    ...{ folder, now, everyMs: 10_000_000 },
    serve: ({ certificate }) => served.push(certificate),
    failed: (cause) => failures.push(String(cause)),
  })
  return { keeper, served, failures }
}

test('a new one is served, the same one is not served again', async () => {
  const [first, second] = [await pair(), await pair()]
  put(filesOf(first))
  const { keeper, served, failures } = keeping()
  await keeper.look()
  put(filesOf(first))
  await keeper.look()
  put(filesOf(second))
  await keeper.look()
  expect(served).toEqual([first.certificate, second.certificate])
  expect(keeper.leaf.certificate).toBe(second.certificate)
  expect(failures).toEqual([])
  // Whoever made it tells clients.
  expect([keeper.bundle, keeper.untrusted()]).toEqual(['', null])
  await keeper.stop()
})

test('what cannot be used is told once, and the previous one stays', async () => {
  const [first, second] = [await pair(), await pair()]
  const old = await pair(new Date(Date.now() - 90 * minute))
  put(filesOf(first))
  const { keeper, served, failures } = keeping()
  for (const wrong of [
    { ...filesOf(first), 'tls.key': second.key },
    filesOf(old),
    { 'tls.crt': 'no certificate', 'tls.key': second.key },
  ]) {
    put(wrong)
    await keeper.look()
    await keeper.look()
  }
  expect(served).toEqual([first.certificate])
  expect(failures).toHaveLength(3)
  expect(failures[0]).toContain('the key of another certificate')
  expect(failures[1]).toContain('ended on')
  put(filesOf(second))
  await keeper.look()
  expect(served).toEqual([first.certificate, second.certificate])
  await keeper.stop()
})

test('without files it does not start, and says what is missing', () => {
  expect(() => keeping()).toThrow(/read certificate ".*": found .*tls\.crt/)
})
