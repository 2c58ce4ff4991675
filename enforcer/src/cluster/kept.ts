// SPDX-License-Identifier: Apache-2.0
// What was known of the cluster last, in one file, so that a node that boots without an API server enforces all the same.
// Replaced as a whole, bounded, readable by root only; one that is damaged or of another node is like none.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { reasonOf, type Log } from '../../../runtime/src/index.ts'

export const keptKinds = ['policies', 'pods', 'namespaces', 'services', 'slices', 'others'] as const
export type KeptKind = (typeof keptKinds)[number]
/** By kind; a kind that is missing was never known. */
export type Kept = Partial<Record<KeptKind, readonly unknown[]>>

const version = 1
const most = 64 * 1024 * 1024
const fileOf = (folder: string) => join(folder, 'last-known.json')

export function readKept(folder: string, node: string, log: Log): Kept | null {
  const file = fileOf(folder)
  try {
    if (statSync(file).size > most) throw new Error('a file that is too large')
    const read = JSON.parse(readFileSync(file, 'utf8')) as {
      version?: number
      node?: string
      kinds?: Kept
    }
    if (read.version !== version) throw new Error(`version ${read.version}`)
    // A disk that was copied to another machine.
    if (read.node !== node) throw new Error(`the state of node ${read.node}`)
    const kinds = read.kinds ?? {}
    return keptKinds.every((kind) => Array.isArray(kinds[kind] ?? [])) ? kinds : null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn({ file, reason: reasonOf(error) }, 'what was known last cannot be used, ignoring')
    return null
  }
}

/** At once, whatever else waits. Answers what was left out because it is too much. */
export function writeKept(folder: string, node: string, kept: Kept): KeptKind[] {
  const { text, left } = fitting(node, kept)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = fileOf(folder)
  const fd = openSync(`${file}.new`, 'w', 0o600)
  try {
    writeFileSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(`${file}.new`, file)
  return left
}

/** The same beside everything else, since a disk may take its time; not when it is stale by then. */
export async function writeKeptAside(
  folder: string,
  node: string,
  kept: Kept,
  isStale: () => boolean,
): Promise<KeptKind[]> {
  const { text, left } = fitting(node, kept)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = fileOf(folder)
  const handle = await open(`${file}.aside`, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  if (isStale()) await rm(`${file}.aside`, { force: true })
  else renameSync(`${file}.aside`, file)
  return left
}

function fitting(node: string, kept: Kept): { text: string; left: KeptKind[] } {
  const left: KeptKind[] = []
  const kinds = { ...kept }
  // fail closed: without other nodes' pods, rules that allow pods allow less; policies and this node's pods come first.
  let text = textOf(node, kinds)
  for (const kind of keptKinds.toReversed()) {
    if (Buffer.byteLength(text) <= most) break
    delete kinds[kind]
    left.push(kind)
    text = textOf(node, kinds)
  }
  return { text, left }
}

const textOf = (node: string, kinds: Kept): string => JSON.stringify({ version, node, kinds })
