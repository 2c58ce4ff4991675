// SPDX-License-Identifier: Apache-2.0
// Reads the documents a command was given: files, folders (every .yaml, .yml and .json below, sorted) and
// "-" for standard input. Sizes are bounded. In a folder, a link is followed only to a place inside the
// same folder (as in a mounted ConfigMap); names that begin with a dot are left out.

import { createReadStream, statSync } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { reasonOf, UnderpinError } from './errors.ts'

export type Document = { file: string; text: string }

export type ReadOptions = {
  /** What it is for; the first words of every error message. */
  operation?: string
  stdin?: Readable
  /** One file. 16 MiB is ten times the largest object that etcd takes. */
  maxFileBytes?: number
  /** All files together. */
  maxTotalBytes?: number
  /** Texts that were read before, kept by the caller: a file that has not changed since is not read again. */
  known?: KnownTexts
  /** Told of what cannot be read, and the rest is read all the same. Without it the first ends everything. */
  unreadable?: (error: UnderpinError) => void
}
export type KnownTexts = Map<string, { stamp: string; text: string }>

/** A file changed so recently may change again without its times telling. */
const settledMs = 1000

/** Undefined: too young to be trusted, or gone. */
function stampOf(file: string): string | undefined {
  const entry = statSync(file, { bigint: true, throwIfNoEntry: false })
  if (!entry || Date.now() - Number(entry.ctimeMs) < settledMs) return undefined
  return [entry.dev, entry.ino, entry.size, entry.mtimeNs, entry.ctimeNs].join()
}

const extensions = ['.yaml', '.yml', '.json']
const defaultFileBytes = 16 * 1024 * 1024
const defaultTotalBytes = 512 * 1024 * 1024

export async function readDocuments(
  paths: readonly string[],
  options: ReadOptions = {},
): Promise<Document[]> {
  const operation = options.operation ?? 'read'
  const maxFileBytes = options.maxFileBytes ?? defaultFileBytes
  const maxTotalBytes = options.maxTotalBytes ?? defaultTotalBytes
  const documents: Document[] = []
  let total = 0
  const take = async (file: string, stream: () => Readable) => {
    const { known } = options
    const stamp = known && stampOf(file)
    const before = known?.get(file)
    const text =
      before && before.stamp === stamp
        ? before.text
        : await readAll(stream(), { operation, file, limit: maxFileBytes })
    if (stamp !== undefined) known?.set(file, { stamp, text })
    else known?.delete(file)
    total += Buffer.byteLength(text)
    if (total > maxTotalBytes) {
      throw new UnderpinError('input-too-large', {
        operation,
        object: file,
        found: `more than ${maxTotalBytes} bytes in all files so far`,
        remedy: 'name fewer files',
      })
    }
    documents.push({ file, text })
  }
  const tell = options.unreadable
  const orTold = (work: Promise<void>) =>
    tell === undefined
      ? work
      : work.catch((error: unknown) => {
          if (!(error instanceof UnderpinError)) throw error
          tell(error)
        })
  const takeAll = async (path: string) => {
    for (const file of await filesAt(path, operation))
      await orTold(take(file, () => createReadStream(file)))
  }
  for (const path of paths) {
    if (path === '-') await orTold(take('(stdin)', () => options.stdin ?? process.stdin))
    else await orTold(takeAll(path))
  }
  const files = new Set(documents.map(({ file }) => file))
  for (const file of options.known?.keys() ?? []) if (!files.has(file)) options.known?.delete(file)
  return documents
}

async function filesAt(path: string, operation: string): Promise<string[]> {
  const found = await orRefuse(stat(path), operation, path)
  if (!found.isDirectory()) return [path]
  const root = await orRefuse(realpath(path), operation, path)
  const files = await filesBelow(path, root, new Set(), operation)
  if (files.length === 0) {
    throw new UnderpinError('input-missing', {
      operation,
      object: path,
      found: 'a folder without documents',
      expected: `at least one file that ends in ${extensions.join(', ')}`,
      remedy: 'check the path',
    })
  }
  return files
}

async function filesBelow(
  folder: string,
  root: string,
  visited: Set<string>,
  operation: string,
): Promise<string[]> {
  const real = await orRefuse(realpath(folder), operation, folder)
  if (visited.has(real)) return []
  visited.add(real)
  const found = await orRefuse(readdir(folder, { withFileTypes: true }), operation, folder)
  const files: string[] = []
  for (const item of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { name } = item
    if (name.startsWith('.')) continue
    const path = join(folder, name)
    if (item.isFile()) {
      if (extensions.some((end) => name.endsWith(end))) files.push(path)
      continue
    }
    const target = await orRefuse(realpath(path), operation, path)
    if (target !== root && !target.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw new UnderpinError('input-unreadable', {
        operation,
        object: path,
        found: 'a link that leads out of the folder',
        expected: 'files inside it',
        remedy: 'name the target itself as a further argument',
      })
    }
    const entry = await orRefuse(stat(target), operation, path)
    if (entry.isDirectory()) files.push(...(await filesBelow(path, root, visited, operation)))
    else if (entry.isFile() && extensions.some((end) => name.endsWith(end))) files.push(path)
  }
  return files
}

async function readAll(
  stream: Readable,
  about: { operation: string; file: string; limit: number },
): Promise<string> {
  const { operation, file, limit } = about
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer | string>) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      size += bytes.length
      if (size > limit) break
      chunks.push(bytes)
    }
  } catch (cause) {
    throw unreadable(operation, file, cause)
  }
  if (size > limit) {
    throw new UnderpinError('input-too-large', {
      operation,
      object: file,
      found: `more than ${limit} bytes`,
      expected: `at most ${limit}`,
      remedy: 'split the file',
    })
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (cause) {
    throw new UnderpinError(
      'input-invalid',
      {
        operation,
        object: file,
        found: 'bytes that are not UTF-8',
        expected: 'UTF-8 text',
        remedy: 'save it as UTF-8, or leave the file out',
      },
      { cause },
    )
  }
}

async function orRefuse<T>(work: Promise<T>, operation: string, path: string): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw unreadable(operation, path, cause)
  }
}

function unreadable(operation: string, path: string, cause: unknown): UnderpinError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code === 'ENOENT') {
    return new UnderpinError(
      'input-missing',
      {
        operation,
        object: path,
        found: 'no such file or folder',
        expected: 'a file, a folder, or - for standard input',
        remedy: 'check the path',
      },
      { cause },
    )
  }
  const denied = code === 'EACCES' || code === 'EPERM'
  return new UnderpinError(
    'input-unreadable',
    {
      operation,
      object: path,
      found: denied ? 'no permission to read it' : reasonOf(cause),
      ...(denied ? { remedy: 'run as a user who may read it' } : {}),
    },
    { cause },
  )
}
