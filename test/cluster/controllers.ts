// SPDX-License-Identifier: Apache-2.0
// The real kube-controller-manager beside a test's API server: Deployments get pods, what nobody owns any more is
// collected, namespaces are really deleted.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'
import { programFolder } from './helm.ts'

/** Returns what ends it. The cluster's folder goes when the cluster ends, so this must end first. `only`: of its controllers. */
export async function startControllers(
  cluster: Cluster,
  only: readonly string[] = [],
): Promise<() => Promise<void>> {
  const program = join(programFolder('kube-controller-manager'), 'kube-controller-manager')
  const log = openSync(join(cluster.folder, 'kube-controller-manager.log'), 'w')
  const child = spawn(
    program,
    [
      `--kubeconfig=${cluster.kubeconfig}`,
      `--service-account-private-key-file=${join(cluster.folder, 'service-accounts.pem')}`,
      '--leader-elect=false',
      '--secure-port=0',
      ...(only.length === 0
        ? []
        : [`--controllers=${['serviceaccount-controller', ...only].join()}`]),
    ],
    { cwd: cluster.folder, stdio: ['ignore', log, log] },
  )
  closeSync(log)
  child.on('error', () => undefined)
  // It is at work when the namespace that every cluster has got its service account.
  for (let attempt = 0; attempt < 600; attempt++) {
    const path = '/api/v1/namespaces/default/serviceaccounts/default'
    if ((await cluster.ask('GET', path)).status === 200) return () => end(child)
    if (child.exitCode !== null) break
    await sleep(100)
  }
  await end(child)
  throw new Error('kube-controller-manager does nothing')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const patience = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(patience)
}
