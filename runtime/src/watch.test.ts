// SPDX-License-Identifier: Apache-2.0
// What an API server, or something on the way to it, may do to a list and a watch; a server of the test's own plays it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { openCluster } from './cluster.ts'
import { watchObjects, type Watch, type WatchedObject, type WatchWhat } from './watch.ts'

type Answer = (url: URL, request: IncomingMessage, response: ServerResponse) => void

let server: Server | undefined
let ending = new AbortController()
const folder = mkdtempSync(join(tmpdir(), 'underpin-watch-'))
afterEach(async () => {
  ending.abort()
  ending = new AbortController()
  server?.closeAllConnections()
  await new Promise((done) => (server ? server.close(done) : done(undefined)))
  server = undefined
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const object = (uid: string, resourceVersion: string, more: object = {}): WatchedObject => ({
  metadata: { uid, name: uid, resourceVersion },
  ...more,
})
const json = (response: ServerResponse, status: number, body: unknown, headers = {}) =>
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify(body))
const list = (response: ServerResponse, items: WatchedObject[], version: string, next?: string) =>
  json(response, 200, {
    kind: 'PodList',
    metadata: { resourceVersion: version, continue: next },
    items,
  })
/** Begins an answer that goes on. */
const open = (response: ServerResponse, ...events: object[]) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.flushHeaders()
  for (const event of events) response.write(`${JSON.stringify(event)}\n`)
}
const isWatch = (url: URL) => url.searchParams.get('watch') === 'true'
const added = (one: WatchedObject) => ({ type: 'ADDED', object: one })
const bookmark = (resourceVersion: string) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion } },
})

interface Seen {
  watch: Watch<WatchedObject>
  urls: URL[]
  reasons: string[]
  events: string[]
}

async function watching(
  answer: Answer,
  what: Partial<WatchWhat<WatchedObject>> = {},
  times = {},
): Promise<Seen> {
  const seen: Omit<Seen, 'watch'> = { urls: [], reasons: [], events: [] }
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://server')
    seen.urls.push(url)
    answer(url, request, response)
  })
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done))
  const kubeconfig = join(folder, 'config')
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      'current-context': 't',
      contexts: [{ name: 't', context: { cluster: 't', user: 't' } }],
      users: [{ name: 't', user: {} }],
      clusters: [
        {
          name: 't',
          cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
        },
      ],
    }),
  )
  const watch = watchObjects(
    await openCluster({ kubeconfig, timeoutMs: 1000 }),
    { path: '/api/v1/pods', ...what },
    {
      changed: (_, { type, uid = '' }) => seen.events.push(`${type} ${uid}`.trim()),
      synced: (served) => seen.events.push(served ? 'synced' : 'absent'),
      failed: (reason) => seen.reasons.push(reason),
      signal: ending.signal,
      times: { backOffMs: 20, longestBackOffMs: 60, ...times },
    },
  )
  return { watch, ...seen }
}
const holds = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 10 })
const names = ({ watch }: Seen) => [...watch.objects.keys()].sort().join()

test('a list comes in pages, and the watch begins where it ended', async () => {
  const seen = await watching(
    (url, _, response) => {
      if (isWatch(url)) open(response, added(object('c', '12')), bookmark('15'))
      else if (url.searchParams.get('continue') === 'more') list(response, [object('b', '2')], '10')
      else list(response, [object('a', '1')], '10', 'more')
    },
    { pageSize: 1, fieldSelector: 'spec.nodeName=n' },
  )
  await holds(() => expect(names(seen)).toBe('a,b,c'))
  expect(seen.events).toEqual(['listed', 'synced', 'added c'])
  expect(seen.urls.map(({ searchParams }) => searchParams.get('limit'))).toEqual(['1', '1', null])
  expect(seen.urls.at(-1)?.searchParams.get('resourceVersion')).toBe('10')
  expect(seen.urls.at(-1)?.searchParams.get('allowWatchBookmarks')).toBe('true')
  expect(
    seen.urls.every(({ searchParams }) => searchParams.get('fieldSelector') === 'spec.nodeName=n'),
  ).toBe(true)
  expect(seen.watch.objects.get('a')?.kind).toBe('Pod')
})

test('a watch that ended goes on from the last bookmark, without another list', async () => {
  let watches = 0
  const seen = await watching((url, _, response) => {
    if (!isWatch(url)) return list(response, [object('a', '1')], '10')
    if (++watches > 1) return open(response, added(object('b', '31')))
    open(response, bookmark('30'))
    setTimeout(() => response.end(), 20)
  })
  await holds(() => expect(names(seen)).toBe('a,b'))
  expect(seen.urls.map((url) => url.searchParams.get('resourceVersion'))).toEqual([
    null,
    '10',
    '30',
  ])
})

test.each(['status', 'stream'])(
  '410 Gone in the %s: listed again, and what went is gone',
  async (where) => {
    let lists = 0
    const gone = {
      kind: 'Status',
      code: 410,
      reason: 'Expired',
      message: 'too old resource version',
    }
    const seen = await watching((url, _, response) => {
      if (!isWatch(url)) {
        lists++
        return list(
          response,
          lists === 1 ? [object('a', '1'), object('b', '2')] : [object('b', '2')],
          `${lists}0`,
        )
      }
      if (lists > 1) return open(response)
      if (where === 'status') return void json(response, 410, gone)
      open(response, { type: 'ERROR', object: gone })
    })
    await holds(() => expect(names(seen)).toBe('b'))
    expect(seen.events.filter((one) => one === 'listed')).toHaveLength(2)
    expect(seen.reasons[0]).toContain('too old resource version')
  },
)

test('a list that fails, also half-way, takes nothing away', async () => {
  let lists = 0
  const seen = await watching((url, _, response) => {
    if (isWatch(url)) return json(response, 410, { message: 'old' })
    const more = url.searchParams.get('continue') !== null
    if (!more) lists++
    if (lists === 1) return list(response, [object('a', '1'), object('b', '2')], '10')
    if (lists === 2) return void json(response, 500, { message: 'not now' })
    if (lists === 3) return void json(response, 404, { message: 'no such kind' })
    if (lists === 4)
      return more ? response.destroy() : list(response, [object('a', '1')], '20', 'x')
    return response.destroy()
  })
  await holds(() => expect(lists).toBeGreaterThan(6))
  expect(names(seen)).toBe('a,b')
})

test('a kind that is not served yet is asked for until it is', async () => {
  let asked = 0
  const seen = await watching((url, _, response) => {
    if (isWatch(url)) return open(response)
    if (++asked < 3) return void json(response, 404, { message: 'the server could not find it' })
    list(response, [object('a', '1')], '10')
  })
  await holds(() => expect(names(seen)).toBe('a'))
  expect(seen.events).toEqual(['absent', 'absent', 'listed', 'synced'])
})

test('a server that is busy is left alone for as long as it says', async () => {
  let asked = 0
  let first = 0
  let waited = 0
  const seen = await watching((url, _, response) => {
    if (isWatch(url)) return open(response)
    if (++asked === 1) {
      first = Date.now()
      return void json(response, 429, { message: 'too many requests' }, { 'retry-after': '1' })
    }
    waited = Date.now() - first
    list(response, [], '10')
  })
  await holds(() => expect(seen.events).toContain('synced'))
  expect(waited).toBeGreaterThanOrEqual(990)
})

test('a connection on which nothing comes any more is given up', async () => {
  let watches = 0
  const seen = await watching(
    (url, _, response) => {
      if (!isWatch(url)) return list(response, [], '10')
      if (++watches === 1) return open(response, added(object('a', '11'))) // and then never again
      open(response, added(object('b', '12')))
    },
    {},
    { idleMs: 200 },
  )
  await holds(() => expect(names(seen)).toBe('a,b'))
  expect(seen.reasons[0]).toContain('nothing came for 0.2 seconds')
  expect(seen.urls.filter((url) => !isWatch(url))).toHaveLength(1)
})

test('a server that takes the request and never answers is given up', async () => {
  let asked = 0
  const seen = await watching((url, _, response) => {
    if (isWatch(url)) return open(response)
    if (++asked > 1) list(response, [object('a', '1')], '10')
  })
  await holds(() => expect(names(seen)).toBe('a'))
  expect(seen.reasons[0]).toContain('no answer within 1 seconds')
})

test('an answer that is cut in the middle of an event changes nothing, and the watch goes on', async () => {
  let watches = 0
  const text = `${JSON.stringify(added(object('é', '12')))}\n`
  const bytes = Buffer.from(text)
  const seen = await watching((url, _, response) => {
    if (!isWatch(url)) return list(response, [], '10')
    if (++watches === 1) {
      open(response, added(object('a', '11')))
      response.write('{"type":"ADDED","object":{"metadata":{"uid":"x","na')
      return void setTimeout(() => response.destroy(), 20)
    }
    if (watches === 2) {
      open(response)
      response.write('no JSON at all\n')
      return
    }
    open(response)
    // In pieces that fall within a letter.
    const at = bytes.indexOf(0xc3) + 1
    response.write(bytes.subarray(0, at))
    setTimeout(() => response.write(bytes.subarray(at)), 20)
  })
  await holds(() => expect(names(seen)).toBe('a,é'))
})

test('a cluster that went back in time is listed again', async () => {
  let lists = 0
  const seen = await watching((url, _, response) => {
    if (!isWatch(url))
      return list(response, [object(++lists === 1 ? 'a' : 'b', '1')], lists === 1 ? '900' : '50')
    open(response, bookmark(lists === 1 ? '40' : '60'))
  })
  await holds(() => expect(names(seen)).toBe('b'))
  expect(seen.reasons[0]).toContain('went back')
})

test('something that ends every watch at once is not asked without a pause', async () => {
  const seen = await watching((url, _, response) => {
    if (!isWatch(url)) return list(response, [], '10')
    open(response)
    response.end()
  })
  await new Promise((done) => setTimeout(done, 500))
  expect(seen.urls.length).toBeLessThan(30)
  expect(seen.reasons[0]).toContain('ended at once')
})

test('what is slimmed away is not kept, and goes when it comes to that', async () => {
  const seen = await watching(
    (url, _, response) => {
      if (!isWatch(url))
        return list(response, [object('a', '1', { spec: 'x' }), object('b', '2')], '10')
      open(
        response,
        { type: 'MODIFIED', object: object('a', '11') },
        { type: 'DELETED', object: object('b', '12') },
      )
    },
    {
      slim: (one) =>
        one.spec === undefined && one.metadata.uid === 'a' ? null : { ...one, spec: undefined },
    },
  )
  await holds(() => expect(seen.events).toEqual(['listed', 'synced', 'deleted a', 'deleted b']))
  expect(names(seen)).toBe('')
})
