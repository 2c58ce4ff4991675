// SPDX-License-Identifier: Apache-2.0
// Asks the webhook as an API server does, for what must be known while there is none.
import { request } from 'node:https'
import { reviewOf, type Manifest } from '../../webhook/src/specimens.ts'

export function post(port: number, namespace: string, object: Manifest): Promise<boolean> {
  const placed = { ...object, metadata: { ...(object['metadata'] as object), namespace } }
  const body = JSON.stringify(reviewOf({ namespace, object: placed }))
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/validate?timeout=5s', method: 'POST' }
    const call = request({ ...options, rejectUnauthorized: false, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => {
        const { response: answer } = JSON.parse(text) as { response: { allowed: boolean } }
        resolve(answer.allowed)
      })
    })
    call.on('error', reject)
    call.end(body)
  })
}
