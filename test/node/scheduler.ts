// SPDX-License-Identifier: Apache-2.0
// The scheduler of a cluster with one node: binds every pod that has none to it, unless the node is cordoned or the pod
// waits for another one.
//   node scheduler.ts KUBECONFIG NODE
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'

interface Config {
  users: [{ user: { token: string } }]
  clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }]
}
interface Pod {
  metadata: { name: string; namespace: string; ownerReferences?: { kind: string }[] }
  spec: { nodeSelector?: Record<string, string> }
}

const [, , file = '', node = ''] = process.argv
const { users, clusters } = JSON.parse(readFileSync(file, 'utf8')) as Config
const [{ user }] = users
const [{ cluster }] = clusters
const agent = new Agent({
  keepAlive: true,
  ca: Buffer.from(cluster['certificate-authority-data'], 'base64'),
})

function ask<T>(method: string, path: string, body?: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' }
    const sent = request(`${cluster.server}${path}`, { method, agent, headers }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve(JSON.parse(text) as T))
    })
    sent.setTimeout(10_000, () => sent.destroy(new Error('no answer')))
    sent.on('error', reject)
    sent.end(body && JSON.stringify(body))
  })
}

for (; ; await sleep(300)) {
  try {
    const waiting = '/api/v1/pods?fieldSelector=spec.nodeName%3D,status.phase%3DPending'
    const { items = [] } = await ask<{ items?: Pod[] }>('GET', waiting)
    if (items.length === 0) continue
    const { spec } = await ask<{ spec?: { unschedulable?: boolean } }>(
      'GET',
      `/api/v1/nodes/${node}`,
    )
    for (const { metadata, spec: wanted } of items) {
      if (wanted.nodeSelector?.['underpin.test/node'] !== undefined) continue
      const ofNode = metadata.ownerReferences?.some(({ kind }) => kind === 'DaemonSet')
      if (!spec || (spec.unschedulable === true && !ofNode)) continue
      const { name, namespace } = metadata
      await ask('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, {
        ...{ apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace } },
        target: { apiVersion: 'v1', kind: 'Node', name: node },
      })
      console.log(`${namespace}/${name} goes to ${node}`)
    }
  } catch (error) {
    console.log(String(error)) // the API server is not there yet, or not any more
  }
}
