// SPDX-License-Identifier: Apache-2.0
// The API server of a cluster, as a kubeconfig names it: plain GET requests, and lists page by page. The only
// importer of the Kubernetes client, which is used for what is hard to do: kubeconfigs and credentials.

import { request as plainRequest } from 'node:http'
import { Agent, request as tlsRequest, type RequestOptions } from 'node:https'
import { reasonOf, UnderpinError } from './errors.ts'

export type ClusterOptions = {
  kubeconfig?: string
  context?: string
  /** One request; a page of large objects may take its time. */
  timeoutMs?: number
}

/** Whatever the status: 403 and 404 are answers. */
export type ClusterAnswer = { status: number; body: unknown; retryAfterMs: number | null }

export type Cluster = {
  /** Address and context, for people. */
  name: string
  get: (path: string) => Promise<ClusterAnswer>
}

/** A page of 500 of the largest objects that etcd takes, as JSON; what is larger is not read. */
const largest = 512 * 1024 * 1024

export async function openCluster(options: ClusterOptions = {}): Promise<Cluster> {
  // Read only when a cluster is asked for: it takes longer to load than most commands take.
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
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
  try {
    if (options.kubeconfig === undefined) config.loadFromDefault()
    else config.loadFromFile(options.kubeconfig)
  } catch (cause) {
    throw unusable(reasonOf(cause), cause)
  }
  const contexts = config.getContexts().map(({ name }) => name)
  if (options.context !== undefined && !contexts.includes(options.context))
    throw unusable(`no context "${options.context}" among ${contexts.join(', ') || 'none'}`)
  if (options.context !== undefined) config.setCurrentContext(options.context)
  const server = config.getCurrentCluster()?.server
  if (server === undefined || !URL.canParse(server)) throw unusable('no current context')
  // What the client falls back to when there is no kubeconfig at all.
  if (config.getCurrentContext() === 'loaded-context') throw unusable('no kubeconfig')
  const name = `${server} (${config.getCurrentContext()})`
  const base = server.replace(/\/+$/, '')
  const timeoutMs = options.timeoutMs ?? 60_000
  // One connection for all requests; the client would make one for each.
  const agent = new Agent({ keepAlive: true })
  return {
    name,
    async get(path) {
      const asked: RequestOptions = { headers: { accept: 'application/json' }, timeout: timeoutMs }
      try {
        const url = new URL(base + path)
        // Credentials are not sent in the open; kubectl proxy, which serves plain HTTP, wants none.
        if (url.protocol === 'https:') await config.applyToHTTPSOptions(asked)
        // A proxy has an agent of its own.
        if (asked.agent instanceof Agent && asked.agent.constructor === Agent) asked.agent = agent
        return await answered(url, asked, timeoutMs).catch((error: unknown) => {
          // The server let go of a connection just as it was used again. Reading twice does no harm.
          if (isReset(error)) return answered(url, asked, timeoutMs)
          throw error
        })
      } catch (cause) {
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
    },
  }
}

const isReset = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ECONNRESET', 'EPIPE'].includes(String(error.code))

async function answered(
  url: URL,
  options: RequestOptions,
  timeoutMs: number,
): Promise<ClusterAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ClusterAnswer>()
  const request = (url.protocol === 'http:' ? plainRequest : tlsRequest)(
    url,
    options,
    (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        // fail closed: half an answer is none.
        if (size > largest) request.destroy(new Error(`an answer of more than ${largest} bytes`))
        else chunks.push(chunk)
      })
      response.on('error', reject)
      response.on('end', () => {
        const seconds = Number(response.headers['retry-after'])
        resolve({
          status: response.statusCode ?? 0,
          body: parsed(Buffer.concat(chunks).toString()),
          retryAfterMs: Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null,
        })
      })
    },
  )
  const timer = setTimeout(() => {
    request.destroy(new Error(`no answer within ${timeoutMs / 1000} seconds`))
  }, timeoutMs)
  request.on('error', reject)
  request.end()
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
