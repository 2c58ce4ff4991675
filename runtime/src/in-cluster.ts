// SPDX-License-Identifier: Apache-2.0
// What every pod has to ask its cluster with: the address in its environment, and a folder with a token that the kubelet
// replaces before it expires (k8s.io/client-go v0.36 rest/config.go). Read again every minute, and when it is refused.
import { existsSync, readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { reasonOf, UnderpinError } from './errors.ts'

export type Credentials = {
  /** Address and context, for people. */
  name: string
  server: string
  apply: (options: RequestOptions) => Promise<void>
  /** Reads them anew before the next request. */
  renew: () => void
}

type Environment = Readonly<Record<string, string | undefined>>

export const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

const rereadMs = 60_000

/** A kubeconfig that somebody put into the pod comes first, as for kubectl. */
export function isInCluster(folder = serviceAccountFolder, env: Environment = process.env) {
  return (
    (env['KUBERNETES_SERVICE_HOST'] ?? '') !== '' &&
    existsSync(join(folder, 'token')) &&
    (env['KUBECONFIG'] ?? '') === '' &&
    !existsSync(join(homedir(), '.kube', 'config'))
  )
}

export function inClusterCredentials(
  folder = serviceAccountFolder,
  env: Environment = process.env,
): Credentials {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? ''
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${env['KUBERNETES_SERVICE_PORT'] ?? '443'}`
  let read: { token: string; authority: Buffer; at: number } | undefined
  return {
    name: `${server} (service account)`,
    server,
    apply(options) {
      if (read === undefined || Date.now() - read.at > rereadMs) {
        try {
          read = {
            token: readFileSync(join(folder, 'token'), 'utf8').trim(),
            authority: readFileSync(join(folder, 'ca.crt')),
            at: Date.now(),
          }
        } catch (cause) {
          // The token before may still be good; whether it is, the API server says.
          if (read === undefined) return Promise.reject(unreadable(folder, cause))
        }
      }
      options.ca = read.authority
      options.headers = { ...options.headers, authorization: `Bearer ${read.token}` }
      return Promise.resolve()
    },
    renew() {
      if (read) read.at = 0
    },
  }
}

const unreadable = (folder: string, cause: unknown) =>
  new UnderpinError(
    'input-unreadable',
    {
      operation: 'read service account',
      object: folder,
      found: reasonOf(cause),
      expected: 'token and ca.crt',
      remedy: 'leave automountServiceAccountToken on, or name a kubeconfig with --kubeconfig FILE',
    },
    { cause },
  )
