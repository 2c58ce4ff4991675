// SPDX-License-Identifier: Apache-2.0
// A webhook that allows everything and writes down what it was asked, in order. The path of a call tells which entry of
// which configuration it was meant for. It may also patch, as an injector does.
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { makeAuthority, makeLeaf } from '../../webhook/src/certificates/authority.ts'

export type Call = { path: string; request: Record<string, unknown> }
export type Recorder = {
  /** For the clientConfig of a webhook. */
  client: (path: string) => { url: string; caBundle: string }
  /** What was asked about the object of this name, and forgotten with that. */
  take: (name: string) => Call[]
  stop: () => Promise<void>
}

type Asked = {
  uid: string
  name?: string
  object?: { metadata?: { name?: string; generateName?: string } }
}

/** `patch`: what it changes in an object, as a JSON patch. */
export async function startRecorder(
  patch: (request: Call['request']) => object[] = () => [],
): Promise<Recorder> {
  const now = new Date()
  const authority = await makeAuthority(now, 3_600_000)
  const leaf = await makeLeaf(authority, ['localhost', '127.0.0.1'], now, 3_600_000)
  const calls = new Map<string, Call[]>()
  const server = createServer(
    { cert: leaf.certificate, key: leaf.key, keepAliveTimeout: 600_000 },
    (incoming, answer) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        const review = JSON.parse(Buffer.concat(chunks).toString()) as { request: Asked }
        const { request } = review
        const metadata = request.object?.metadata
        const name = request.name ?? metadata?.name ?? metadata?.generateName ?? ''
        const path = new URL(incoming.url ?? '', 'https://localhost').pathname
        const known = calls.get(name) ?? []
        known.push({ path, request })
        calls.set(name, known)
        const changes = patch(request)
        const response = {
          uid: request.uid,
          allowed: true,
          ...(changes.length === 0 ? {} : { patchType: 'JSONPatch', patch: encoded(changes) }),
        }
        answer.setHeader('content-type', 'application/json')
        answer.end(
          JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }),
        )
      })
    },
  )
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return {
    client: (path) => ({
      url: `https://127.0.0.1:${port}${path}`,
      caBundle: Buffer.from(authority.certificate).toString('base64'),
    }),
    take: (name) => {
      const found = calls.get(name) ?? []
      calls.delete(name)
      return found
    },
    stop: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

function encoded(changes: object[]): string {
  return Buffer.from(JSON.stringify(changes)).toString('base64')
}
