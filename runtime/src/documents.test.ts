// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readDocuments } from './documents.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'underpin-documents-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function folder(name: string, files: Record<string, string>): Promise<string> {
  const at = join(root, name)
  await mkdir(at, { recursive: true })
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(at, path, '..'), { recursive: true })
    await writeFile(join(at, path), text)
  }
  return at
}

describe('files, folders and standard input', () => {
  test('a folder is read recursively, sorted, and only its documents', async () => {
    const at = await folder('tree', {
      'b.yaml': 'b',
      'a.json': 'a',
      'sub/c.yml': 'c',
      'notes.txt': 'no',
      '.hidden.yaml': 'no',
    })
    const documents = await readDocuments([at])
    expect(documents.map((d) => [d.file.slice(at.length + 1), d.text])).toEqual([
      ['a.json', 'a'],
      ['b.yaml', 'b'],
      ['sub/c.yml', 'c'],
    ])
  })

  test('a file that is named is read whatever its ending', async () => {
    const at = await folder('one', { 'manifest.txt': 'x' })
    expect(await readDocuments([join(at, 'manifest.txt')])).toHaveLength(1)
  })

  test('a dash is standard input', async () => {
    const documents = await readDocuments(['-'], { stdin: Readable.from(['a: ', '1']) })
    expect(documents).toEqual([{ file: '(stdin)', text: 'a: 1' }])
  })

  test('a mounted ConfigMap (links into a hidden folder) is read once', async () => {
    const at = await folder('configmap', { '..2026/p.yaml': 'p' })
    await symlink('..2026', join(at, '..data'))
    await symlink('..data/p.yaml', join(at, 'p.yaml'))
    expect((await readDocuments([at])).map((d) => d.text)).toEqual(['p'])
  })

  test('a link that closes a circle ends', async () => {
    const at = await folder('circle', { 'sub/a.yaml': 'a' })
    await symlink('..', join(at, 'sub', 'up'))
    expect(await readDocuments([at])).toHaveLength(1)
  })
})

describe('what is refused, and with which words', () => {
  test('a path that does not exist', async () => {
    await expect(readDocuments(['/nowhere/a.yaml'], { operation: 'scan' })).rejects.toMatchObject({
      code: 'input-missing',
      message: expect.stringMatching(/^scan "\/nowhere\/a\.yaml": found no such file/) as string,
    })
  })

  test('a folder without documents', async () => {
    const at = await folder('empty', { 'notes.txt': 'x' })
    await expect(readDocuments([at])).rejects.toMatchObject({ code: 'input-missing' })
  })

  test('a link that leads out of the folder', async () => {
    const at = await folder('escape', { 'a.yaml': 'a' })
    await symlink('/etc/hostname', join(at, 'b.yaml'))
    await expect(readDocuments([at])).rejects.toMatchObject({
      code: 'input-unreadable',
      message: expect.stringContaining('leads out of the folder') as string,
    })
  })

  test('a file over the limit, and files over the limit together', async () => {
    const at = await folder('large', { 'a.yaml': 'x'.repeat(60), 'b.yaml': 'x'.repeat(60) })
    await expect(readDocuments([at], { maxFileBytes: 50 })).rejects.toMatchObject({
      code: 'input-too-large',
    })
    await expect(readDocuments([at], { maxTotalBytes: 100 })).rejects.toMatchObject({
      code: 'input-too-large',
    })
  })

  test('bytes that are not UTF-8', async () => {
    const at = await folder('latin', {})
    await writeFile(join(at, 'a.yaml'), Buffer.from([0x61, 0xff]))
    await expect(readDocuments([at])).rejects.toMatchObject({ code: 'input-invalid' })
  })

  test('one that cannot be read does not hide the others, where somebody is told', async () => {
    const at = await folder('mixed', { 'a.yaml': 'a', 'c.yaml': 'c' })
    await writeFile(join(at, 'b.yaml'), Buffer.from([0x61, 0xff]))
    const told: string[] = []
    const read = await readDocuments([join(at, 'nowhere'), at], {
      unreadable: ({ code }) => told.push(code),
    })
    expect(read.map(({ text }) => text)).toEqual(['a', 'c'])
    expect(told).toEqual(['input-missing', 'input-invalid'])
  })
})
