// SPDX-License-Identifier: Apache-2.0
// underpin report --cluster: each running container of a cluster with what admission knew of it and what the kernel
// enforces on it.
import { readJoin, type ClusterJoin } from '../../controller/src/index.ts'
import { dayOf } from '../../policies/src/index.ts'
import { openCluster } from '../../runtime/src/index.ts'
import { clusterLines } from './cluster-table.ts'
import type { Arguments } from './command.ts'
import { createProgress } from './progress.ts'
import { clusterOf, scanOptions } from './scan-options.ts'
import { json, type Screen } from './screen.ts'

/** Exit code: 1 where anything slips past, 3 where not everything could be read. */
export async function reportCluster(
  args: Arguments,
  screen: Screen,
  asJson: boolean,
): Promise<number> {
  const scan = await scanOptions(args, 'report')
  const cluster = await openCluster(clusterOf(args))
  const progress = createProgress(`report ${cluster.name}`)
  let found: ClusterJoin
  try {
    const today = () => dayOf(new Date())
    found = await readJoin({ ...scan, cluster, today, progress: progress.tell })
  } finally {
    progress.end()
  }
  if (asJson) json(screen, clusterData(found))
  else for (const line of clusterLines(found, screen.paint)) screen.say(line)
  const { sums, ledger, problems } = found
  const slips = sums.uncovered + sums['never-admitted'] + sums.unbound
  if (slips > 0 || ledger.length > 0) return 1
  return problems.length > 0 ? 3 : 0
}

export const clusterData = ({ rows, sums, ledger, nodes, problems }: ClusterJoin): object => ({
  schema: 'underpin.dev/join/v1alpha1',
  summary: { containers: rows.length, ...sums, nodes: nodes.count, omitted: nodes.omitted },
  containers: rows,
  ledger,
  problems,
})
