// SPDX-License-Identifier: Apache-2.0
// The API server of a cluster, as a kubeconfig names it or a pod finds it: requests, lists page by page, and answers
// that go on (see watch.ts). The only importer of the Kubernetes client, which is used for what is hard to do:
// kubeconfigs and credentials. In a pod neither is needed, nor its 85 MB of memory.

import { Agent, type RequestOptions } from 'node:https'
import { exchange, isReset, type ClusterAnswer, type HttpRequest } from './cluster-request.ts'
import { reasonOf, UnderpinError } from './errors.ts'
import { inClusterCredentials, isInCluster, type Credentials } from './in-cluster.ts'

export type { ClusterAnswer } from './cluster-request.ts'

export type ClusterOptions = {
  kubeconfig?: string
  context?: string
  /** One request; a page of large objects may take its time. */
  timeoutMs?: number
  /** Where a pod's service account lies; used without a kubeconfig. */
  serviceAccount?: string
}

export type ClusterSend = {
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  body?: unknown
  /** Of a PATCH without: application/merge-patch+json. */
  contentType?: string
  signal?: AbortSignal
}

export type Cluster = {
  /** Address and context, for people. */
  name: string
  get: (path: string, signal?: AbortSignal) => Promise<ClusterAnswer>
  send: (request: ClusterSend) => Promise<ClusterAnswer>
  /** A GET whose answer goes on: each line of it. Resolves when it ends; an answer other than 200 has its body. */
  stream: (
    path: string,
    lines: { line: (text: string) => void; idleMs: number },
    signal?: AbortSignal,
  ) => Promise<ClusterAnswer>
}

const mergePatch = 'application/merge-patch+json'

export async function openCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { serviceAccount } = options
  const inside =
    options.kubeconfig === undefined && options.context === undefined && isInCluster(serviceAccount)
  const credentials = inside ? inClusterCredentials(serviceAccount) : await fromKubeconfig(options)
  const { name } = credentials
  const base = credentials.server.replace(/\/+$/, '')
  const timeoutMs = options.timeoutMs ?? 60_000
  // Connections are used again; the client would make one for each request.
  const agent = new Agent({ keepAlive: true })

  const once = async (
    method: string,
    path: string,
    more: Partial<HttpRequest> & { headers?: Record<string, string> },
  ): Promise<ClusterAnswer> => {
    const url = new URL(base + path)
    const asked: RequestOptions = {
      method,
      headers: { accept: 'application/json', ...more.headers },
    }
    // Credentials are not sent in the open; kubectl proxy, which serves plain HTTP, wants none.
    if (url.protocol === 'https:') {
      await credentials.apply(asked)
      // A proxy has an agent of its own.
      if (asked.agent === undefined || asked.agent.constructor === Agent) asked.agent = agent
    }
    const ask = () => exchange({ url, options: asked, timeoutMs, ...more })
    return ask().catch((error: unknown) => {
      // Asking twice does no harm, but for what makes an object each time.
      if (isReset(error) && method !== 'POST' && more.lines === undefined) return ask()
      throw error
    })
  }
  const ask = async (...of: Parameters<typeof once>): Promise<ClusterAnswer> => {
    try {
      const found = await once(...of)
      if (found.status !== 401) return found
      // The token expired, or another one was put in its place: refused requests did nothing.
      credentials.renew()
      return await once(...of)
    } catch (cause) {
      if (cause instanceof UnderpinError) throw cause
      throw new UnderpinError(
        'cluster-unreachable',
        {
          operation: 'ask cluster',
          object: name,
          found: reasonOf(cause) || 'no answer',
          expected: 'an answer of its API server',
          remedy: 'try kubectl get namespaces with the same kubeconfig and context',
        },
        { cause },
      )
    }
  }
  return {
    name,
    get: (path, signal) => ask('GET', path, signal ? { signal } : {}),
    send({ method, path, body, contentType, signal }) {
      const payload = body === undefined ? undefined : JSON.stringify(body)
      const type = contentType ?? (method === 'PATCH' ? mergePatch : 'application/json')
      return ask(method, path, {
        ...(signal && { signal }),
        ...(payload !== undefined && {
          payload,
          headers: {
            'content-type': type,
            'content-length': String(Buffer.byteLength(payload)),
          },
        }),
      })
    },
    stream: (path, lines, signal) => ask('GET', path, { lines, ...(signal && { signal }) }),
  }
}

async function fromKubeconfig(options: ClusterOptions): Promise<Credentials> {
  // Read only when a cluster is asked for: it takes longer to load than most commands take.
  const { KubeConfig } = await import('@kubernetes/client-node')
  const unusable = (found: string, cause?: unknown) =>
    new UnderpinError(
      'input-invalid',
      {
        operation: 'read kubeconfig',
        ...(options.kubeconfig === undefined ? {} : { object: options.kubeconfig }),
        found,
        expected: 'a kubeconfig with a context that has a cluster',
        remedy: 'name one with --kubeconfig FILE and --context NAME',
      },
      { cause },
    )
  const read = () => {
    const config = new KubeConfig()
    try {
      if (options.kubeconfig === undefined) config.loadFromDefault()
      else config.loadFromFile(options.kubeconfig)
    } catch (cause) {
      throw unusable(reasonOf(cause), cause)
    }
    const contexts = config.getContexts().map((one) => one.name)
    if (options.context !== undefined && !contexts.includes(options.context))
      throw unusable(`no context "${options.context}" among ${contexts.join(', ') || 'none'}`)
    if (options.context !== undefined) config.setCurrentContext(options.context)
    return config
  }
  let config = read()
  let stale = false
  const server = config.getCurrentCluster()?.server
  if (server === undefined || !URL.canParse(server)) throw unusable('no current context')
  // What the client falls back to when there is no kubeconfig at all.
  if (config.getCurrentContext() === 'loaded-context') throw unusable('no kubeconfig')
  return {
    name: `${server} (${config.getCurrentContext()})`,
    server,
    async apply(asked) {
      if (stale) {
        stale = false
        try {
          config = read()
        } catch {
          // Somebody is writing it just now: what was read before is tried again.
        }
      }
      await config.applyToHTTPSOptions(asked)
    },
    renew() {
      stale = true
    },
  }
}
