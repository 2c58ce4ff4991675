// SPDX-License-Identifier: Apache-2.0
// Asks the webhook as the API server does: an AdmissionReview over HTTPS, trusting only the webhook's own authority.
import { randomUUID } from 'node:crypto'
import { request } from 'node:https'

interface Answer {
  allowed: boolean
  warnings: string[]
}

type Manifest = { kind: string; metadata: { name: string; namespace: string } }

export async function review(url: string, ca: string, object: Manifest): Promise<Answer> {
  const uid = randomUUID()
  const body = JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind: { group: '', version: 'v1', kind: object.kind },
      resource: { group: '', version: 'v1', resource: 'pods' },
      name: object.metadata.name,
      namespace: object.metadata.namespace,
      operation: 'CREATE',
      userInfo: { username: 'system:serviceaccount:kube-system:replicaset-controller' },
      object,
    },
  })
  const text = await new Promise<string>((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        ca,
        servername: 'localhost',
        headers: { 'content-type': 'application/json' },
        timeout: 5000,
      },
      (response) => {
        let all = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (all += chunk))
        response.on('end', () => {
          resolve(all)
        })
      },
    )
    sent.on('error', reject)
    sent.on('timeout', () => sent.destroy(new Error('no answer in 5 s')))
    sent.end(body)
  })
  const { response } = JSON.parse(text) as {
    response: { uid: string; allowed: boolean; warnings?: string[] }
  }
  if (response.uid !== uid) throw new Error('the answer belongs to another review')
  return { allowed: response.allowed, warnings: response.warnings ?? [] }
}
