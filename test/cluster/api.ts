// SPDX-License-Identifier: Apache-2.0
// Asks an API server, with what the tests look at: the status, the body, and the warnings in the headers.
import { Agent, request } from 'node:https'

export type Reply = { status: number; body: Record<string, unknown>; warnings: string[] }
export type Ask = (method: string, path: string, body?: unknown, accept?: string) => Promise<Reply>
/** As kubectl asks for what it prints. */
export const asTable = 'application/json;as=Table;v=v1;g=meta.k8s.io'

export function apiClient(port: number, authority: string, token: string): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  return (method, path, body, accept = 'application/json') =>
    new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body)
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const sent = request(
        {
          ...{ host: '127.0.0.1', port, path, method, agent, ca: authority, timeout: 60_000 },
          headers: {
            authorization: `Bearer ${token}`,
            accept,
            ...(payload === undefined
              ? {}
              : { 'content-type': type, 'content-length': Buffer.byteLength(payload) }),
          },
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const status = response.statusCode ?? 0
            const warnings = warningsOf(response.headersDistinct['warning'] ?? [])
            resolve({ status, body: parsed(Buffer.concat(chunks).toString()), warnings })
          })
        },
      )
      sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer in a minute`)))
      sent.on('error', reject)
      sent.end(payload)
    })
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Not every path answers with JSON.
  }
  return { text }
}

/** `299 - "text"`, one a header, several in one when they were joined. */
function warningsOf(headers: readonly string[]): string[] {
  return headers.flatMap((header) =>
    [...header.matchAll(/299 \S+ ("(?:[^"\\]|\\.)*")/g)].map(([, quoted]) =>
      String(JSON.parse(quoted ?? '""')),
    ),
  )
}
