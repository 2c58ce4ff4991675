// SPDX-License-Identifier: Apache-2.0
// underpin report: who tried what, how often, under which policy, and what enforcing does about it.
import { clean } from '../clean-text.ts'
import { usage, type Arguments, type Command } from '../command.ts'
import { effectOf } from '../activity.ts'
import type { Places, State } from '../../../enforcer/src/index.ts'
import { openEnforcer, type Enforcer } from '../enforcer.ts'
import { reportCluster } from '../cluster-report.ts'
import { flowLines, summed } from '../flow-view.ts'
import { fateOf, reportLines, rowsOf, summarise, summaryText } from '../ledger-view.ts'
import { nameLines } from '../name-lines.ts'
import { podNames, readLedger, withTables, type Ledger } from '../ledger.ts'
import { outputOption, wantsJson } from '../output.ts'
import { pinsOption, placesOf, stateOption } from '../places.ts'
import { named } from '../policy-name.ts'
import { clusterOptions, knowledgeOptions, wantsCluster } from '../scan-options.ts'
import { counted, json, type Screen } from '../screen.ts'

export const report: Command = {
  about:
    'Reads the kernel’s ledger, so it needs no running agent. Every row is exact: who, which executable and what\n' +
    'started it, what it tried, how often, first and last (UTC), and the policy and rule that object.\n' +
    'With --cluster: each running container of a cluster, with what admission knew of it and what the kernel enforces on it.',
  options: [
    outputOption,
    {
      name: 'policy',
      value: 'POLICY',
      help: 'only what this policy objects to (name, namespace/name or key)',
    },
    { name: 'flows', help: 'who talked with whom, packets and bytes (needs enforce --flows)' },
    { name: 'outcome', value: 'OUTCOME', help: 'only would-deny, or only denied' },
    pinsOption,
    stateOption,
    ...clusterOptions.map((one) =>
      one.name === 'cluster' ? { ...one, help: 'of the cluster of the kubeconfig' } : one,
    ),
    ...knowledgeOptions,
  ],
  examples: [
    ['underpin report', 'everything there is'],
    ['underpin report --cluster', 'who slips past the sidecar, and what the kernel does about it'],
    [
      'underpin report --policy shop/checkout --outcome would-deny -o json',
      'what promoting this policy would stop',
    ],
  ],
  exits: [
    [0, 'nothing was stopped, and enforcing would stop nothing; flows were told'],
    [1, 'there are rows'],
    [2, 'the command line was not understood'],
    [3, 'nothing is in force here, or it could not be read'],
  ],
  run,
}

async function run(args: Arguments, screen: Screen): Promise<number> {
  const asJson = wantsJson(args, 'report')
  const outcome = args.value('outcome')
  if (outcome !== undefined && outcome !== 'would-deny' && outcome !== 'denied')
    throw usage(`--outcome ${outcome}`, 'would-deny or denied', 'leave it out for both', 'report')
  if (wantsCluster(args)) return reportCluster(args, screen, asJson)
  const places = placesOf(args)
  const enforcer = await openEnforcer('report')
  const state = enforcer.readState(places.state)
  if (args.has('flows')) return reportFlows(enforcer, places, state, asJson, screen)
  const ledger = readLedger(enforcer, places, state)
  const asked = args.value('policy')
  const known = [
    ...ledger.policies.map(({ key }) => key),
    ...ledger.records.flatMap(({ policy }) => policy ?? []),
  ]
  const key = asked === undefined ? undefined : named(asked, [...new Set(known)], 'report')
  ledger.records = ledger.records.filter(
    (record) =>
      (outcome === undefined || record.outcome === outcome) &&
      (key === undefined || record.policy === key),
  )
  // The rest has no policy: it belongs to every report but one about a single policy.
  ledger.rest =
    key === undefined
      ? ledger.rest.filter((one) => outcome === undefined || one.outcome === outcome)
      : []
  ledger.unseen = ledger.unseen.filter(({ policy }) => key === undefined || policy === key)
  if (asJson) json(screen, asData(ledger))
  else for (const line of asText(ledger, screen)) screen.say(line)
  return ledger.records.length + ledger.rest.length > 0 ? 1 : 0
}

/** No findings: what was exchanged, whatever policy says of it. */
function reportFlows(
  enforcer: Enforcer,
  places: Places,
  state: State | null,
  asJson: boolean,
  screen: Screen,
): number {
  const flows = withTables(enforcer, places.pins, (tables) => {
    const count = enforcer.openFlows(places.pins)
    try {
      return summed(enforcer.readFlows(count.flows, tables, podNames(state)))
    } finally {
      count.close()
    }
  })
  if (asJson) json(screen, { schema: 'underpin.dev/flows/v1alpha1', flows })
  else if (flows.length === 0) screen.say('nobody has talked with anybody')
  else for (const line of flowLines(flows)) screen.say(line)
  return 0
}

const enforcingOf = ({ policies }: Ledger): Set<string> =>
  new Set(policies.filter(({ mode }) => mode === 'enforce').map(({ key }) => key))

export function asData(ledger: Ledger, now = new Date()): object {
  const enforcing = enforcingOf(ledger)
  const rows = rowsOf(ledger.records, enforcing)
  return {
    schema: 'underpin.dev/report/v1alpha1',
    generated: now.toISOString(),
    summary: summarise(rows),
    records: ledger.records.map((record) => ({
      ...record,
      fate: fateOf(record, enforcing),
      enforcing: effectOf(record, ledger.mechanism).does,
    })),
    rest: ledger.rest,
    unseen: ledger.unseen,
    counters: ledger.counters,
  }
}

function asText(ledger: Ledger, { paint }: Screen): string[] {
  const rows = rowsOf(ledger.records, enforcingOf(ledger))
  return [
    paint(
      'bold',
      rows.length > 0
        ? summaryText(summarise(rows))
        : 'clean: nothing was stopped, and enforcing would stop nothing',
    ),
    ...(rows.length > 0 ? ['', ...reportLines(rows, ledger.mechanism, paint)] : []),
    ...restLines(ledger),
    ...unseenLines(ledger),
    ...nameLines(ledger.counters),
    ...countLines(ledger),
  ]
}

/** No finding: an allowed connection is allowed. But a guard rail that looks into payload is blind to it. */
function unseenLines({ unseen, counters }: Ledger): string[] {
  const { unseen_full: unlisted = 0 } = counters
  if (unseen.length === 0 && unlisted === 0) return []
  return [
    '',
    'encrypted, so no guard rail about a protocol sees what is in it (rules about names and addresses do hold):',
    ...unseen.map(({ subject, executable, target, serverName, count }) => {
      const name = serverName === null ? 'no server name' : clean(serverName)
      return `  ${clean(subject.name)}  ${clean(executable ?? '?')}  ${joined(target)} (${name})  ${count}×`
    }),
    ...(unlisted > 0
      ? [`  and ${counted(unlisted, 'connection')} more, for which there was no room`]
      : []),
  ]
}

const joined = ({ address, port }: Ledger['unseen'][number]['target']): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

function restLines({ rest }: Ledger): string[] {
  if (rest.length === 0) return []
  return [
    '',
    'counted without rows, since the ledger was full:',
    ...rest.map(({ decision, outcome, count }) => `  ${decision}  ${outcome}  ${count}×`),
  ]
}

/** Every denial is accounted for: told as an event, held back since its row had told within a second, or lost. */
function countLines({ counters }: Ledger): string[] {
  const { denied = 0, emitted = 0, suppressed = 0, lost = 0 } = counters
  if (denied === 0) return []
  return [
    '',
    `since it was armed: ${counted(denied, 'decision')} counted = ${emitted} told as events + ${suppressed} held back + ${lost} lost`,
  ]
}
