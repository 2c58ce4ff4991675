// SPDX-License-Identifier: Apache-2.0
// The objects of one resource of a cluster, page by page: never more than a page in memory. A list that has
// become too old while it was read is gone on with where the API server offers that, else begun again.

import type { Cluster } from '../../../runtime/src/index.ts'
import { fields, isFields, list, number, text, type Fields } from '../fields.ts'

export type Page = {
  items: Fields[]
  /** Of those that are still to come, when the API server tells. */
  remaining: number | null
}

/** The resource is not served, or its objects may not be seen: told by name, and the rest is read. */
export class Unlistable extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export type PageOptions = {
  limit?: number
  fieldSelector?: string
  wait?: (ms: number) => Promise<void>
}

const restarts = 3
const retries = 4

/** `path`: /api/v1/pods. An object may come twice when the list had to be begun again. */
export async function* pages(
  cluster: Cluster,
  path: string,
  { limit = 500, fieldSelector, wait = pause }: PageOptions = {},
): AsyncGenerator<Page> {
  let next = ''
  let begun = 0
  for (;;) {
    const query = new URLSearchParams({ limit: String(limit) })
    if (fieldSelector !== undefined) query.set('fieldSelector', fieldSelector)
    if (next !== '') query.set('continue', next)
    const { status, body } = await patient(cluster, `${path}?${query.toString()}`, wait)
    if (status === 410) {
      // The token may be too old; the answer may hold one that goes on with newer objects.
      const offered = text(body, 'metadata', 'continue') ?? ''
      begun += 1
      if (begun > restarts) throw new Unlistable(status, 'the list was too old again and again')
      next = offered
      continue
    }
    if (status !== 200 || !isFields(body)) throw new Unlistable(status, messageOf(status, body))
    yield {
      items: itemsOf(body),
      remaining: number(body, 'metadata', 'remainingItemCount') ?? null,
    }
    const following = text(body, 'metadata', 'continue') ?? ''
    if (following === '') return
    if (following === next) throw new Unlistable(status, 'the list does not end')
    next = following
  }
}

/** Too many requests, or a server that is just starting: tried again, not for ever. */
async function patient(cluster: Cluster, path: string, wait: (ms: number) => Promise<void>) {
  for (let turn = 0; ; turn++) {
    const answer = await cluster.get(path)
    const mayPass = answer.status === 429 || (answer.status >= 500 && answer.status !== 501)
    if (!mayPass || turn === retries) return answer
    await wait(Math.min(answer.retryAfterMs ?? 250 * 2 ** turn, 30_000))
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, ms))

/** The items of a list come without kind and version. */
function itemsOf(body: Fields): Fields[] {
  const kind = (text(body, 'kind') ?? '').replace(/List$/, '')
  const { apiVersion } = body
  return list(body, 'items').flatMap((item) =>
    isFields(item) ? [{ apiVersion, kind, ...item }] : [],
  )
}

export function messageOf(status: number, body: unknown): string {
  const words = text(fields(body), 'message')
  return `status ${status}${words === undefined ? '' : `: ${words}`}`
}
