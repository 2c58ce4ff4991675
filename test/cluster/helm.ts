// SPDX-License-Identifier: Apache-2.0
// The chart as people install it: a real helm against the cluster of a test, with settings and caches of its own.
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Cluster } from './cluster.ts'

export const chart = join(import.meta.dirname, '../../charts/underpin')

export type Said = { status: number; out: string; err: string }
export type Helm = (...args: string[]) => Promise<Said>

/** The folder of a program that tests need; set-up says on standard error what it does, and why it cannot. */
export function programFolder(...names: string[]): string {
  const script = join(import.meta.dirname, 'setup.sh')
  return execFileSync(script, names, { stdio: ['ignore', 'pipe', 'inherit'] })
    .toString()
    .trim()
}

/** `helm` without a cluster renders only. */
export function helmFor(cluster?: Pick<Cluster, 'kubeconfig' | 'folder'>): Helm {
  const program = join(programFolder('helm'), 'helm')
  const home = join(cluster?.folder ?? '/nonexistent', 'helm')
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    HELM_CACHE_HOME: join(home, 'cache'),
    HELM_CONFIG_HOME: join(home, 'config'),
    HELM_DATA_HOME: join(home, 'data'),
    ...(cluster && { KUBECONFIG: cluster.kubeconfig }),
  }
  return (...args) =>
    new Promise((done) => {
      execFile(
        program,
        args,
        { env, maxBuffer: 64 * 1024 * 1024, timeout: 120_000 },
        (error, out, err) => {
          const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
          done({ status, out, err })
        },
      )
    })
}

/** What must work, or says why not. */
export async function must(said: Promise<Said>): Promise<string> {
  const { status, out, err } = await said
  if (status !== 0) throw new Error(`helm ended with ${status}: ${err || out}`)
  return out
}
