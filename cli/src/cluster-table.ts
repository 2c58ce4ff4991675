// SPDX-License-Identifier: Apache-2.0
// The join of a cluster for a person: how many of what, then each workload with what admission knew of it, what the kernel
// does about it and what enforcing would stop; worst first.
import {
  joinStates,
  kernelTitles,
  whatText,
  type ClusterJoin,
  type JoinRow,
  type JoinState,
  type PlacedSum,
} from '../../controller/src/index.ts'
import { clean } from './clean-text.ts'
import { columns, counted, type Paint } from './screen.ts'

type Told = { title: string; colour: Parameters<Paint>[0]; means: string }

const states: Record<JoinState, Told> = {
  unbound: {
    ...{ title: 'unbound', colour: 'red' },
    means: 'in no subject of the kernel, so no policy decides for it',
  },
  'never-admitted': {
    ...{ title: 'never admitted', colour: 'red' },
    means: 'no admission ever saw it: a static pod, or started beside Kubernetes',
  },
  uncovered: {
    ...{ title: 'uncovered', colour: 'yellow' },
    means: 'admitted, but it goes around its sidecar or has none',
  },
  unknown: {
    ...{ title: 'no mesh known', colour: 'dim' },
    means: 'nothing says which sidecar belongs to it',
  },
  covered: {
    ...{ title: 'covered', colour: 'green' },
    means: 'has the sidecar that belongs to it, or is exempted',
  },
}

const kernels = { ...kernelTitles, unbound: 'UNBOUND' }

/** Reasons that are no findings of admission. */
const reasons: Readonly<Record<string, string>> = {
  'beside-kubernetes': 'started beside Kubernetes',
  'static-pod': 'static pod, from a file of its node',
  'no-such-pod': 'the API server knows no such pod',
  'no-pod': 'of no pod',
}

const most = { rows: 200, stops: 20, problems: 20, policies: 3 } as const

export function clusterLines(found: ClusterJoin, paint: Paint): string[] {
  const { rows, sums, ledger, nodes, problems } = found
  if (rows.length === 0) return [paint('bold', 'no container runs'), ...problemLines(problems)]
  const slips = sums.unbound + sums['never-admitted'] + sums.uncovered
  const would = ledger.filter(({ verdict }) => verdict === 'wouldDeny')
  const stopped = ledger.filter(({ verdict }) => verdict === 'denied')
  const words = slips === 0 ? 'none slips past its sidecar' : `${slips} slip past their sidecar`
  const head = `${counted(rows.length, 'container')} on ${counted(nodes.count, 'node')} with an agent: ${words}`
  const legend = joinStates
    .filter((state) => sums[state] > 0)
    .map((state) => {
      const { title, colour, means } = states[state]
      return [`  ${sums[state]}`, paint(colour, title), means]
    })
  return [
    paint('bold', head),
    '',
    ...columns(legend, [0]),
    '',
    ...tableLines(rows, ledger, paint),
    ...(nodes.omitted === 0 ? [] : [`and ${nodes.omitted} that nodes had no room to tell of`]),
    ...stopLines('enforcing would stop', would, paint),
    ...(would.length === 0 ? ['', 'enforcing would stop nothing that was seen so far'] : []),
    ...stopLines('was stopped', stopped, paint),
    ...howToEnforce(would),
    ...problemLines(problems),
  ]
}

function tableLines(rows: readonly JoinRow[], ledger: readonly PlacedSum[], paint: Paint) {
  const told = new Set<PlacedSum>()
  const groups = grouped(rows)
  const cells = groups.slice(0, most.rows).map(({ row, count, nodes }) => {
    const { title, colour } = states[row.state]
    return [
      paint(colour, title),
      clean(placeOf(row)),
      clean(row.container),
      count === 1 ? clean(row.node || '-') : `${count} × on ${counted(nodes, 'node')}`,
      clean(whyOf(row)),
      clean(kernelOf(row)),
      clean(stopsOf(row, ledger, told)),
    ]
  })
  const over = groups.length - cells.length
  return [
    ...columns([
      ['ADMISSION', 'WORKLOAD', 'CONTAINER', 'WHERE', 'WHY', 'KERNEL', 'ENFORCING WOULD STOP'],
      ...cells,
    ]),
    ...(over > 0 ? [`and ${over} more (-o json has all)`] : []),
  ]
}

/** What a node tells of a pod is not always known by container: then it stands in the first row of its workload. */
function stopsOf(row: JoinRow, ledger: readonly PlacedSum[], told: Set<PlacedSum>): string {
  if (row.kernel === 'unbound' || row.kernel === 'unseen') return '?'
  if (row.policies.length === 0 && row.kernel !== 'pending') return '-'
  const own = ledger.filter(
    (sum) => sum.verdict === 'wouldDeny' && !told.has(sum) && isOf(sum, row),
  )
  for (const one of own) told.add(one)
  const [first] = own
  if (first === undefined) return row.kernel === 'enforced' ? '(enforced)' : 'nothing so far'
  return `${whatText(first)} (${first.count}×)${own.length === 1 ? '' : ` and ${own.length - 1} more`}`
}

function isOf({ workload, node, subject = '', containers }: PlacedSum, row: JoinRow): boolean {
  if (workload !== row.workload) return false
  if (workload !== null) return containers.length === 0 || containers.includes(row.container)
  if (node !== row.node || row.pod !== null) return node === row.node && subject === row.pod
  // The last component of a cgroup is the id of its container, or holds it.
  return subject === row.container || subject.includes(row.id ?? '\0')
}

function stopLines(title: string, sums: readonly PlacedSum[], paint: Paint): string[] {
  if (sums.length === 0) return []
  const cells = sums
    .slice(0, most.stops)
    .map((sum) => [
      `  ${clean(shortKey(sum.policy ?? 'underpin'))}`,
      clean(whatText(sum)),
      `${sum.count}×`,
      clean(sum.workload ?? `${sum.subject ?? ''} on ${sum.node ?? ''}`),
      sum.last,
    ])
  const over = sums.length - cells.length
  return [
    '',
    paint('bold', `${title}:`),
    ...columns([['  POLICY', 'WHAT', 'TIMES', 'WHO', 'LAST'], ...cells], [2]),
    ...(over > 0 ? [`  and ${over} more (-o json has all)`] : []),
  ]
}

const policyKey = /^(?:RuntimePolicy\/([a-z0-9-]+)|ClusterRuntimePolicy)\/([a-z0-9.-]+)$/

/** A node may tell anything; what somebody may paste into a shell is a name as Kubernetes allows it. */
function howToEnforce(would: readonly PlacedSum[]): string[] {
  const keys = new Set(would.flatMap(({ policy }) => policy ?? []))
  const commands = [...keys].flatMap((key) => {
    const [, namespace, name] = policyKey.exec(key) ?? []
    if (name === undefined) return []
    const what =
      namespace === undefined
        ? `clusterruntimepolicy ${name}`
        : `runtimepolicy ${name} -n ${namespace}`
    return [`  kubectl patch ${what} --type merge -p '{"spec":{"mode":"enforce"}}'`]
  })
  return commands.length === 0 ? [] : ['', 'to enforce:', ...commands.slice(0, most.policies)]
}

function problemLines(problems: readonly string[]): string[] {
  if (problems.length === 0) return []
  const told = problems.slice(0, most.problems).map((one) => `  ${clean(one)}`)
  return ['', 'not everything could be read or used:', ...told]
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

function whyOf({ state, admission: { verdict, mesh, reason } }: JoinRow): string {
  const what = reasons[reason ?? ''] ?? reason ?? verdict
  return mesh === null || state === 'never-admitted' ? what : `${mesh}: ${what}`
}

function kernelOf({ kernel, policies }: JoinRow): string {
  const keys = policies.slice(0, most.policies).map(shortKey)
  const more = policies.length > keys.length ? ` and ${policies.length - keys.length} more` : ''
  return `${kernels[kernel]}${keys.length === 0 ? '' : ` by ${keys.join(', ')}${more}`}`
}

/** Without its kind, as elsewhere on the command line. */
const shortKey = (key: string): string => key.slice(key.indexOf('/') + 1)
