// SPDX-License-Identifier: Apache-2.0
// An API server that tests talk to over HTTP: objects with resourceVersions, lists, watches, and writes that are refused
// when another one was faster. It speaks the protocol as the real one does and knows nothing of what is kept in it.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openCluster, type Cluster } from '../../../runtime/src/index.ts'
import { fields, list, text, type Fields } from '../fields.ts'

export type SpecimenApi = {
  cluster: Cluster
  kubeconfig: string
  /** Makes, replaces or (null) removes an object, as somebody else would. */
  put: (path: string, object: Fields | null) => void
  object: (path: string) => Fields | undefined
  /** Called before each write is looked at: for whoever is faster. */
  before: { write?: (() => void) | undefined }
  /** Every connection is cut, and asking fails. */
  away: boolean
  close: () => Promise<void>
}

export async function specimenApi(): Promise<SpecimenApi> {
  const objects = new Map<string, Fields>()
  const watches = new Set<{ path: string; name: string | null; response: ServerResponse }>()
  let version = 1
  const before: SpecimenApi['before'] = {}
  const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/'))
  const isOf = (watch: { path: string; name: string | null }, path: string) =>
    watch.path === folderOf(path) && (watch.name === null || path.endsWith(`/${watch.name}`))
  const told: { at: number; type: string; path: string; object: Fields }[] = []
  const tell = (type: string, path: string, object: Fields) => {
    told.push({ at: version, type, path, object })
    for (const watch of watches)
      if (isOf(watch, path)) watch.response.write(`${JSON.stringify({ type, object })}\n`)
  }
  const put = (path: string, object: Fields | null): void => {
    const known = objects.get(path)
    version += 1
    if (object === null) {
      objects.delete(path)
      if (known !== undefined) tell('DELETED', path, stamped(known, version, path))
      return
    }
    const kept = stamped(object, version, path, text(known, 'metadata', 'uid'))
    objects.set(path, kept)
    tell(known === undefined ? 'ADDED' : 'MODIFIED', path, kept)
  }
  const state = { away: false }
  const server = createServer((request, response) => {
    if (state.away) return void request.destroy()
    void bodyOf(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://api')
      const path = url.pathname
      if (path === '/apis') return json(response, 200, { groups: [] })
      const name =
        /metadata\.name=(.*)/.exec(url.searchParams.get('fieldSelector') ?? '')?.[1] ?? null
      if (request.method !== 'GET') {
        before.write?.()
        return write(request.method ?? '', path, body, response)
      }
      const found = objects.get(path)
      if (found !== undefined) return json(response, 200, found)
      if (/\/(secrets|validatingwebhookconfigurations)\/[^/]+$/.test(path))
        return json(response, 404, { message: 'not found' })
      if (url.searchParams.has('watch')) {
        const watch = { path, name, response }
        watches.add(watch)
        response.on('close', () => watches.delete(watch))
        response.writeHead(200)
        response.flushHeaders()
        // What happened since then.
        const since = Number(url.searchParams.get('resourceVersion'))
        for (const one of told)
          if (one.at > since && isOf(watch, one.path))
            response.write(`${JSON.stringify({ type: one.type, object: one.object })}\n`)
        return
      }
      const items = [...objects]
        .filter(([at]) => folderOf(at) === path && (name === null || at.endsWith(`/${name}`)))
        .map(([, object]) => object)
      return json(response, 200, { metadata: { resourceVersion: String(version) }, items })
    })
  })

  function write(method: string, path: string, body: Fields, response: ServerResponse): void {
    const at = method === 'POST' ? `${path}/${text(body, 'metadata', 'name') ?? ''}` : path
    const known = objects.get(at)
    if (method === 'POST' && known !== undefined) return json(response, 409, { message: 'exists' })
    if (method !== 'POST' && known === undefined) return json(response, 404, { message: 'none' })
    const named = text(body, 'metadata', 'resourceVersion')
    if (named !== undefined && named !== text(known, 'metadata', 'resourceVersion'))
      return json(response, 409, { message: 'the object has been modified' })
    put(at, method === 'PATCH' && known !== undefined ? merged(known, body) : body)
    json(response, method === 'POST' ? 201 : 200, objects.get(at) ?? {})
  }

  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as AddressInfo
  const { mkdtempSync, writeFileSync, rmSync } = await import('node:fs')
  const folder = mkdtempSync(`${(await import('node:os')).tmpdir()}/underpin-api-`)
  const kubeconfig = `${folder}/kubeconfig`
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 't', users: [] },
    contexts: [{ name: 't', context: { cluster: 't', user: '' } }],
    clusters: [{ name: 't', cluster: { server: `http://127.0.0.1:${port}` } }],
  }
  writeFileSync(kubeconfig, JSON.stringify(config))
  const cluster = await openCluster({ kubeconfig, timeoutMs: 5000 })
  return {
    ...{ cluster, kubeconfig, put, before },
    object: (path) => objects.get(path),
    get away() {
      return state.away
    },
    set away(is) {
      state.away = is
      if (is) server.closeAllConnections()
    },
    async close() {
      rmSync(folder, { recursive: true })
      server.closeAllConnections()
      await new Promise<void>((done) => void server.close(() => done()))
    },
  }
}

function stamped(object: Fields, version: number, path: string, uid?: string): Fields {
  const resourceVersion = String(version)
  const metadata = { uid: uid ?? `uid-${version}`, name: path.split('/').at(-1) }
  return { ...object, metadata: { ...metadata, ...fields(object, 'metadata'), resourceVersion } }
}

/** A strategic merge of the one list that is merged by names. */
function merged(known: Fields, patch: Fields): Fields {
  const named = new Map(list(patch, 'webhooks').map((one) => [text(one, 'name'), fields(one)]))
  const webhooks = list(known, 'webhooks').map((one) => {
    const other = named.get(text(one, 'name'))
    const clientConfig = { ...fields(one, 'clientConfig'), ...fields(other, 'clientConfig') }
    return { ...fields(one), ...other, clientConfig }
  })
  return { ...known, ...(webhooks.length > 0 ? { webhooks } : {}) }
}

async function bodyOf(request: IncomingMessage): Promise<Fields> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body === '' ? {} : fields(JSON.parse(body))
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
