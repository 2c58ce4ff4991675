// SPDX-License-Identifier: Apache-2.0
// underpin report --cluster: each running container of a cluster with what admission knew of it and what the kernel
// enforces on it.
import {
  joinStates,
  readJoin,
  type ClusterJoin,
  type JoinRow,
  type JoinState,
} from '../../controller/src/index.ts'
import { dayOf } from '../../policies/src/index.ts'
import { openCluster } from '../../runtime/src/index.ts'
import { clean } from './clean-text.ts'
import type { Arguments } from './command.ts'
import { createProgress } from './progress.ts'
import { clusterOf, scanOptions } from './scan-options.ts'
import { columns, counted, json, type Paint, type Screen } from './screen.ts'

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

const titles: Record<JoinState, string> = {
  unbound: 'unbound',
  'never-admitted': 'never admitted',
  uncovered: 'uncovered',
  unknown: 'no mesh known',
  covered: 'covered',
}
const colours: Record<JoinState, Parameters<Paint>[0]> = {
  ...{ unbound: 'red', 'never-admitted': 'red', uncovered: 'yellow' },
  ...{ unknown: 'dim', covered: 'green' },
}
const kernels: Record<JoinRow['kernel'], string> = {
  ...{ enforced: 'enforced', audited: 'audited', 'no-policy': 'no policy' },
  ...{ pending: 'pending', unbound: 'UNBOUND', unseen: 'no agent' },
}

export function clusterLines(found: ClusterJoin, paint: Paint): string[] {
  const { rows, sums, ledger, nodes, problems } = found
  const parts = joinStates.filter((state) => sums[state] > 0)
  const head = parts.map((state) => `${sums[state]} ${titles[state]}`).join(', ')
  const groups = grouped(rows)
  const cells = groups.map(({ row, count, nodes: places }) => [
    paint(colours[row.state], titles[row.state]),
    clean(placeOf(row)),
    clean(row.container),
    count === 1 ? clean(row.node || '-') : `${count} × on ${counted(places, 'node')}`,
    clean(knewOf(row)),
    kernels[row.kernel],
    clean(row.policies.map(shortKey).join(', ')) || '-',
  ])
  const titleRow = ['ADMISSION', 'WORKLOAD', 'CONTAINER', 'WHERE', 'WHY', 'KERNEL', 'POLICIES']
  const would = ledger.filter(({ verdict }) => verdict === 'wouldDeny')
  return [
    paint(
      'bold',
      rows.length === 0
        ? 'no container runs'
        : `${counted(rows.length, 'container')} on ${counted(nodes.count, 'node')} with an agent: ${head}`,
    ),
    ...(cells.length === 0 ? [] : ['', ...columns([titleRow, ...cells])]),
    ...(nodes.omitted === 0 ? [] : ['', `and ${nodes.omitted} that nodes had no room to tell of`]),
    ...(ledger.length === 0
      ? []
      : [
          '',
          `${counted(would.length, 'row')} that enforcing would stop, ${ledger.length - would.length} that were stopped (kubectl get reports -A tells which)`,
        ]),
    ...(problems.length === 0 ? [] : ['', 'not everything could be read:']),
    ...problems.slice(0, 20).map((one) => `  ${clean(one)}`),
  ]
}

type Group = { row: JoinRow; count: number; nodes: number }

/** Pods of one workload that are alike are one line. */
function grouped(rows: readonly JoinRow[]): Group[] {
  const groups = new Map<string, { row: JoinRow; count: number; places: Set<string> }>()
  for (const row of rows) {
    const { state, namespace, workload, pod, container, admission, kernel, policies } = row
    const who = workload ?? pod ?? row.node
    const key = JSON.stringify([state, namespace, who, container, admission, kernel, policies])
    const known = groups.get(key) ?? { row, count: 0, places: new Set() }
    known.count += 1
    known.places.add(row.node)
    groups.set(key, known)
  }
  return [...groups.values()].map(({ row, count, places }) => ({ row, count, nodes: places.size }))
}

function placeOf({ workload, namespace, pod }: JoinRow): string {
  if (workload !== null) return workload
  return pod === null ? '(no pod)' : `Pod/${namespace}/${pod}`
}

function knewOf({ admission: { verdict, mesh, reason } }: JoinRow): string {
  const what = reason ?? verdict
  return mesh === null ? what : `${mesh}: ${what}`
}

/** Without its kind, as elsewhere on the command line. */
const shortKey = (key: string): string => key.slice(key.indexOf('/') + 1)
