// SPDX-License-Identifier: Apache-2.0
// Looks at our certificates again when somebody changes what they are kept in, or takes the authority out of our webhook
// configuration: within a second, and slower when somebody does it again and again.

import { watchObjects, type Cluster, type Log } from '../../../runtime/src/index.ts'
import { configurationsPath } from '../certificates/webhook-configuration.ts'

export type OwnObjects = {
  cluster: Cluster
  /** The Secret with the authorities. */
  secret: { namespace: string; name: string }
  configuration: string
  log: Log
  look: () => Promise<void>
}

const soonMs = 200
const slowMs = 15_000
/** So many looks at once are a change; more are a quarrel with somebody who keeps the same thing. */
const burst = 12

/** Returns what ends it. */
export function watchOwnObjects({
  cluster,
  secret,
  configuration,
  log,
  look,
}: OwnObjects): () => Promise<void> {
  const ending = new AbortController()
  const paced = pace(look)
  const watch = (path: string, name: string) =>
    watchObjects<true>(
      cluster,
      // Its content is read when it is needed; keys are kept nowhere else.
      { path, fieldSelector: `metadata.name=${name}`, slim: () => true },
      { changed: paced.soon, log, signal: ending.signal },
    ).ended
  const namespace = encodeURIComponent(secret.namespace)
  const ended = [
    watch(`/api/v1/namespaces/${namespace}/secrets`, secret.name),
    watch(configurationsPath, configuration),
  ]
  return async () => {
    ending.abort()
    paced.stop()
    await Promise.all(ended)
  }
}

/** At most `burst` looks in a quarter of a minute, and each a moment after the change, so that several are one. */
function pace(look: () => Promise<void>): { soon: () => void; stop: () => void } {
  let recent: number[] = []
  let timer: NodeJS.Timeout | undefined
  return {
    soon() {
      const now = Date.now()
      recent = recent.filter((time) => now - time < slowMs)
      timer ??= setTimeout(
        () => {
          timer = undefined
          recent.push(Date.now())
          void look()
        },
        recent.length < burst ? soonMs : slowMs,
      ).unref()
    },
    stop: () => clearTimeout(timer),
  }
}
