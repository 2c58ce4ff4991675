// SPDX-License-Identifier: Apache-2.0
// Whether the agent is being uninstalled: its DaemonSet was there, and is deleted. Known from a watch that stands, since
// an uninstall takes the right to ask as well.
import {
  watchObjects,
  type Cluster,
  type Log,
  type WatchTimes,
} from '../../../runtime/src/index.ts'

export interface DaemonSetName {
  namespace: string
  name: string
}

export interface OwnDaemonSet {
  isDeleted: () => boolean
  /** At the end of the agent: the API server is asked once more, and where it does not answer, what was seen counts. */
  wasDeleted: () => Promise<boolean>
}

const askMs = 3000

export function watchOwnDaemonSet(
  { namespace, name }: DaemonSetName,
  options: { cluster: Cluster; log: Log; signal: AbortSignal; times?: Partial<WatchTimes> },
): OwnDaemonSet {
  const { cluster, log, signal, times } = options
  const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/daemonsets`
  // One that was never seen may have another name: nothing is concluded from that.
  let state: 'unknown' | 'there' | 'deleted' = 'unknown'
  const isGoing = (metadata: Record<string, unknown>) => metadata.deletionTimestamp !== undefined
  watchObjects<{ going: boolean }>(
    cluster,
    {
      path,
      fieldSelector: `metadata.name=${name}`,
      slim: ({ metadata }) => ({ going: isGoing(metadata) }),
    },
    {
      ...{ log, signal, ...(times && { times }) },
      changed: (objects) => {
        const there = [...objects.values()].some(({ going }) => !going)
        const before = state
        if (there) state = 'there'
        else if (state === 'there') state = 'deleted'
        if (state !== before)
          log.info({ daemonSet: `${namespace}/${name}`, state }, 'own DaemonSet')
      },
    },
  )
  return {
    isDeleted: () => state === 'deleted',
    wasDeleted: async () => {
      const answer = await cluster
        .get(`${path}/${encodeURIComponent(name)}`, AbortSignal.timeout(askMs))
        .catch(() => null)
      if (answer?.status === 200) {
        const { metadata = {} } = (answer.body ?? {}) as { metadata?: Record<string, unknown> }
        return isGoing(metadata)
      }
      if (answer?.status === 404) return state !== 'unknown'
      return state === 'deleted'
    },
  }
}
