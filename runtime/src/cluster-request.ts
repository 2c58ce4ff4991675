// SPDX-License-Identifier: Apache-2.0
// One HTTP request to an API server: an answer as a whole, or line by line while it comes (watches). Bounded in time
// and size; a connection on which nothing comes any more ends, whatever the other side thinks of it.
import type { IncomingMessage } from 'node:http'
import { request as tlsRequest, type RequestOptions } from 'node:https'
import { request as plainRequest } from './http.ts'

/** Whatever the status: 403 and 404 are answers. */
export type ClusterAnswer = { status: number; body: unknown; retryAfterMs: number | null }

export type HttpRequest = {
  url: URL
  options: RequestOptions
  payload?: string
  /** Until the whole answer is there; of lines, until the first words of it. */
  timeoutMs: number
  signal?: AbortSignal
  /** For answers that go on: each line, and how long none may come. */
  lines?: { line: (text: string) => void; idleMs: number }
}

/** A page of 500 of the largest objects that etcd takes, as JSON; what is larger is not read. */
const largest = 512 * 1024 * 1024
/** An object of a watch; etcd takes none of more than 1.5 MiB unless it is told to. */
const largestLine = 32 * 1024 * 1024
/** Longer than anybody should wait before asking again. */
const longestWaitMs = 120_000

export async function exchange(request: HttpRequest): Promise<ClusterAnswer> {
  const { url, options, payload, timeoutMs, signal, lines } = request
  signal?.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<ClusterAnswer>()
  const sent = (url.protocol === 'http:' ? plainRequest : tlsRequest)(url, options, (response) => {
    response.on('error', reject)
    const end = (error: Error) => void sent.destroy(error)
    if (lines === undefined || response.statusCode !== 200) whole(response, end, resolve)
    else {
      clearTimeout(timer)
      // A peer that is gone without a word does not acknowledge probes: the kernel ends the connection in seconds.
      sent.socket?.setKeepAlive(true, 15_000)
      byLine(response, lines, end, () => resolve(answer(response, null)))
    }
  })
  const timer = setTimeout(() => {
    sent.destroy(new Error(`no answer within ${timeoutMs / 1000} seconds`))
  }, timeoutMs)
  const aborted = () => void sent.destroy(new Error('no longer wanted'))
  signal?.addEventListener('abort', aborted, { once: true })
  sent.on('error', (error) => reject(Object.assign(error, { reused: sent.reusedSocket })))
  sent.end(payload)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', aborted)
  }
}

/** The server let go of a connection just as it was used again: the request was not looked at. */
export const isReset = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ECONNRESET', 'EPIPE'].includes(String(error.code))

function whole(
  response: IncomingMessage,
  end: (error: Error) => void,
  done: (answer: ClusterAnswer) => void,
): void {
  const chunks: Buffer[] = []
  let size = 0
  response.on('data', (chunk: Buffer) => {
    size += chunk.length
    // fail closed: half an answer is none.
    if (size > largest) end(new Error(`an answer of more than ${largest} bytes`))
    else chunks.push(chunk)
  })
  response.on('end', () => done(answer(response, parsed(Buffer.concat(chunks).toString()))))
}

function byLine(
  response: IncomingMessage,
  { line, idleMs }: { line: (text: string) => void; idleMs: number },
  end: (error: Error) => void,
  done: () => void,
): void {
  let chunks: Buffer[] = []
  let size = 0
  const idle = setTimeout(() => {
    end(new Error(`nothing came for ${idleMs / 1000} seconds`))
  }, idleMs)
  response.on('close', () => clearTimeout(idle))
  response.on('data', (chunk: Buffer) => {
    idle.refresh()
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      chunks.push(chunk.subarray(from, at))
      const text = Buffer.concat(chunks).toString()
      chunks = []
      size = 0
      from = at + 1
      try {
        if (text !== '') line(text)
      } catch (error) {
        return end(error instanceof Error ? error : new Error(String(error)))
      }
    }
    if (from === chunk.length) return
    size += chunk.length - from
    if (size > largestLine) return end(new Error(`a line of more than ${largestLine} bytes`))
    chunks.push(chunk.subarray(from))
  })
  // A last line without its end is half of one.
  response.on('end', done)
}

function answer(response: IncomingMessage, body: unknown): ClusterAnswer {
  const seconds = Number(response.headers['retry-after'])
  return {
    status: response.statusCode ?? 0,
    body,
    retryAfterMs:
      Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, longestWaitMs) : null,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
