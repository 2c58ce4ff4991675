// SPDX-License-Identifier: Apache-2.0
// An API server that tests talk to over HTTP: discovery, lists page by page, refusals. It speaks the protocol
// as the real one does and knows nothing of what is asked for.

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Manifest = { [key: string]: unknown }

export type SpecimenCluster = {
  url: string
  /** Paths with their queries, in order. */
  asked: string[]
  /** Largest number of objects in one answer. */
  largestPage: number
  close: () => Promise<void>
}

/** resource.group → its objects; the kind is that of the objects, or given. */
export type Contents = Readonly<
  Record<string, { kind: string; items: readonly Manifest[]; cluster?: true }>
>

export type Behaviour = {
  forbidden?: readonly string[]
  /** The n-th page of this resource is refused as too old, once; with a token to go on, or without. */
  expires?: { resource: string; page: number; goesOn: boolean }
  /** The first requests of this resource are too many. */
  busy?: { resource: string; times: number }
}

export async function specimenCluster(
  contents: Contents,
  behaviour: Behaviour = {},
): Promise<SpecimenCluster> {
  const state: Omit<SpecimenCluster, 'url' | 'close'> = { asked: [], largestPage: 0 }
  let expired = false
  let busy = behaviour.busy?.times ?? 0
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://cluster')
    state.asked.push(url.pathname + url.search)
    const found = /^\/(?:api|apis\/([^/]+))\/([^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)$/.exec(
      url.pathname,
    )
    if (url.pathname === '/apis')
      return json(response, 200, { kind: 'APIGroupList', groups: groups(contents) })
    const listed = /^\/(?:api|apis\/([^/]+))\/([^/]+)$/.exec(url.pathname)
    if (listed !== null)
      return json(response, 200, { resources: resources(contents, listed[1] ?? '') })
    const [, group = '', version = '', namespace, resource = ''] = found ?? []
    const name = group === '' ? resource : `${resource}.${group}`
    const rows = contents[name]
    if (behaviour.forbidden?.includes(name))
      return json(response, 403, failure(403, `${name} is forbidden`))
    if (rows === undefined) return json(response, 404, failure(404, 'not found'))
    if (behaviour.busy?.resource === name && busy > 0) {
      busy -= 1
      response.setHeader('retry-after', '0')
      return json(response, 429, failure(429, 'too many requests'))
    }
    const wanted = /metadata\.name=(.*)/.exec(url.searchParams.get('fieldSelector') ?? '')?.[1]
    const items = rows.items.filter(({ metadata }) => {
      const { namespace: own, name: called } = metadata as { namespace?: string; name?: string }
      return (
        (namespace === undefined || own === namespace) &&
        (wanted === undefined || called === wanted)
      )
    })
    const limit = Number(url.searchParams.get('limit') ?? '500')
    const begin = Number((url.searchParams.get('continue') ?? 'at-0').replace(/\D/g, ''))
    const { expires } = behaviour
    if (expires?.resource === name && begin === expires.page * limit && !expired) {
      expired = true
      const token = expires.goesOn ? { continue: `newer-${begin}` } : {}
      return json(response, 410, { ...failure(410, 'too old'), metadata: token })
    }
    const page = items.slice(begin, begin + limit)
    state.largestPage = Math.max(state.largestPage, page.length)
    const left = items.length - begin - page.length
    const metadata = left > 0 ? { continue: `at-${begin + limit}`, remainingItemCount: left } : {}
    const apiVersion = group === '' ? version : `${group}/${version}`
    // As the real one: the items of a list have no kind.
    const bare = page.map((one) => ({ ...one, kind: undefined, apiVersion: undefined }))
    return json(response, 200, { kind: `${rows.kind}List`, apiVersion, metadata, items: bare })
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as AddressInfo
  return Object.assign(state, {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise<void>((done) => void server.close(() => done())),
  })
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

const failure = (code: number, message: string) => ({
  kind: 'Status',
  status: 'Failure',
  code,
  message,
})

const groupOf = (name: string): string => name.split('.').slice(1).join('.')

function groups(contents: Contents): object[] {
  const names = new Set(
    Object.keys(contents)
      .map(groupOf)
      .filter((name) => name !== ''),
  )
  return [...names].map((name) => ({
    name,
    preferredVersion: { groupVersion: `${name}/v1`, version: 'v1' },
  }))
}

function resources(contents: Contents, group: string): object[] {
  return Object.entries(contents)
    .filter(([name]) => groupOf(name) === group)
    .flatMap(([name, { kind, cluster }]) => {
      const resource = name.split('.')[0] ?? ''
      return [
        { name: resource, kind, namespaced: cluster !== true, verbs: ['get', 'list', 'watch'] },
        { name: `${resource}/status`, kind, namespaced: cluster !== true, verbs: ['get'] },
      ]
    })
}
