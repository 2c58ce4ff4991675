// SPDX-License-Identifier: Apache-2.0
// Reads the body of a request within a size and a time. What does not fit is not lost entirely: its
// beginning is kept, because the UID to answer stands there.

import type { Readable } from 'node:stream'

/**
 * Two objects (object and oldObject) of up to 3 MiB each, which is what the API server lets through to etcd
 * (1.5 MiB, with room for JSON's escapes), and 1 MiB for the rest of the request.
 */
export const bodyLimit = 7 * 1024 * 1024

/** Read and dropped behind the limit, so that the sender gets to reading our answer. */
const drainLimit = 4 * bodyLimit

export type Body =
  | { kind: 'whole'; text: string }
  /** `drained`: all of it has been read, so that the connection can be used again. */
  | { kind: 'oversized'; head: string; drained: boolean }
  | { kind: 'late'; head: string }
  | { kind: 'broken' }

export function readBody(
  stream: Readable,
  { limit = bodyLimit, timeMs }: { limit?: number; timeMs: number },
): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const head = () => Buffer.concat(chunks).subarray(0, 4096).toString()
    const timer = setTimeout(() => {
      finish({ kind: 'late', head: head() })
    }, timeMs)
    const finish = (body: Body) => {
      clearTimeout(timer)
      stream.off('data', take)
      stream.off('end', end)
      stream.off('error', broken)
      stream.off('close', broken)
      // An error that comes later has nobody to tell.
      stream.on('error', () => undefined)
      resolve(body)
    }
    const take = (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit || chunks.length === 0) chunks.push(chunk)
      else if (size > Math.max(drainLimit, limit)) {
        stream.pause()
        finish({ kind: 'oversized', head: head(), drained: false })
      }
    }
    const end = () => {
      if (size > limit) finish({ kind: 'oversized', head: head(), drained: true })
      else finish({ kind: 'whole', text: Buffer.concat(chunks).toString() })
    }
    const broken = () => {
      finish({ kind: 'broken' })
    }
    stream.on('data', take)
    stream.on('end', end)
    stream.on('error', broken)
    stream.on('close', broken)
  })
}

/** "?timeout=10s", as the API server writes it (Go's durations); 10 s when absent, at most 30 s. */
export function timeLimit(timeout: unknown): number {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 }
  const found =
    typeof timeout === 'string' ? /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m)$/.exec(timeout) : null
  const given = found === null ? 10_000 : Number(found[1]) * (units[found[2] ?? ''] ?? 1000)
  const limit = Math.min(given, 30_000)
  // The answer must be there before the API server gives up.
  return Math.max(limit - 200, limit / 2)
}
