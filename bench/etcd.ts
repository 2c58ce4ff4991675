// SPDX-License-Identifier: Apache-2.0
// Objects put into a cluster's store by themselves, while its API server is away: a hundred thousand pods in half a
// minute. And what something takes there. By etcd's JSON gateway (etcd v3.6 /v3/kv).

export type Stored = { key: string; object: object }

const base64 = (text: string) => Buffer.from(text).toString('base64')
/** etcd takes 128 operations at once. */
const atOnce = 100

async function asked(etcd: string, path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${etcd}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`etcd ${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Record<string, unknown>
}

export async function put(etcd: string, objects: Iterable<Stored>): Promise<number> {
  let count = 0
  let success: object[] = []
  const flush = async () => {
    if (success.length > 0) await asked(etcd, 'kv/txn', { success })
    success = []
  }
  for (const { key, object } of objects) {
    count += 1
    success.push({ requestPut: { key: base64(key), value: base64(JSON.stringify(object)) } })
    if (success.length === atOnce) await flush()
  }
  await flush()
  return count
}

/** Keys and values below a prefix: how many, and their bytes. */
export async function taken(
  etcd: string,
  prefix: string,
): Promise<{ count: number; bytes: number }> {
  const found = await asked(etcd, 'kv/range', {
    key: base64(prefix),
    range_end: base64(`${prefix}~`),
  })
  const rows = (found['kvs'] ?? []) as { key: string; value: string }[]
  const bytes = rows.reduce(
    (sum, { key, value }) =>
      sum + Buffer.from(key, 'base64').length + Buffer.from(value, 'base64').length,
    0,
  )
  return { count: rows.length, bytes }
}
