// SPDX-License-Identifier: Apache-2.0
// underpin promote: from audit to enforce, once the report shows that nothing wanted would be stopped.
import type { LedgerRecord, Places, State } from '../../../enforcer/src/index.ts'
import type { RuntimeLike } from '../../../policies/src/index.ts'
import { UnderpinError } from '../../../runtime/src/index.ts'
import { usage, type Arguments, type Command } from '../command.ts'
import { openEnforcer, type Enforcer } from '../enforcer.ts'
import { reportLines, rowsOf } from '../ledger-view.ts'
import { isArmed, readLedger } from '../ledger.ts'
import { inputsOf, pinsOption, placesOf, stateOption } from '../places.ts'
import { planFiles, planTexts, type Planned } from '../planning.ts'
import { enforcedTexts, replaceFile } from '../policy-file.ts'
import { named } from '../policy-name.ts'
import { inseparable, stoppedBy } from '../promotion.ts'
import { counted, type Screen } from '../screen.ts'
import { secondsOf, waitFor, waitOption } from '../wait.ts'

export const promote: Command = {
  operands: 'POLICY…',
  about:
    'Shows what is stopped from now on: everything in the ledger that these policies, as their files are now, would deny.\n' +
    'Refuses while there is such a row (--accept says that it is meant), and while another policy in audit lists processes\n' +
    'for the same subjects: its allowances count in the report and would not count afterwards, so promote them together.\n' +
    'Then writes mode: enforce into the files, comments kept, and waits until the agent has put it in force.',
  options: [
    { name: 'accept', help: 'what is shown is meant to be stopped' },
    { name: 'dry-run', help: 'show, and change nothing' },
    waitOption('how long for the agent (15)'),
    pinsOption,
    stateOption,
  ],
  examples: [
    ['underpin promote shop/checkout --dry-run', 'what would it stop?'],
    [
      'underpin promote shop/checkout deny-miners --accept',
      'two at once, and what the report shows is meant',
    ],
  ],
  exits: [
    [0, 'they enforce now (or did already)'],
    [1, 'refused, with the reason; nothing was changed'],
    [2, 'no such policy, or the files have problems'],
    [3, 'switched, and not in force in time; or nothing is known of the files'],
  ],
  run,
}

async function run(args: Arguments, screen: Screen): Promise<number> {
  if (args.operands.length === 0)
    throw usage('no policy', 'POLICY…', 'underpin status lists them', 'promote')
  const seconds = secondsOf(args, 'wait', 'promote') ?? 15
  const places = placesOf(args)
  const enforcer = await openEnforcer('promote')
  const state = enforcer.readState(places.state)
  const planned = await plannedOf(places, state)
  const keys = planned.policies.map(({ key }) => key)
  const asked = new Set(args.operands.map((word) => named(word, keys, 'promote')))
  const chosen = planned.policies.filter(({ key }) => asked.has(key))
  const switching = chosen.filter(({ policy }) => policy.spec.mode !== 'enforce')
  for (const one of chosen) if (!switching.includes(one)) screen.say(`${one.key} enforces already`)
  if (switching.length === 0) return 0
  const names = switching.map(({ key }) => key).join(', ')
  const texts = enforcedTexts(planned.texts, switching)
  // What the agent would refuse to load is not written.
  planTexts(
    planned.texts.map((one) => texts.find(({ file }) => file === one.file) ?? one),
    planned,
    [names],
  )
  const switchingKeys = new Set(switching.map(({ key }) => key))
  const stopped = show(screen, enforcer, places, state, planned, switchingKeys)
  const reasons = refusals(planned, switchingKeys, stopped, args.has('accept'))
  if (reasons.length > 0) {
    for (const reason of reasons) screen.say(`${screen.paint('red', 'refused')}: ${reason}`)
    return 1
  }
  if (args.has('dry-run')) {
    screen.say(`dry run: nothing was changed; without --dry-run ${names} would enforce`)
    return 0
  }
  for (const text of texts)
    replaceFile(text, planned.texts.find(({ file }) => file === text.file)?.text ?? '')
  return await settle(screen, enforcer, places, switching, seconds)
}

async function plannedOf({ state: folder }: Places, state: State | null): Promise<Planned> {
  const inputs = inputsOf(folder, state)
  if (inputs) return planFiles(inputs)
  throw new UnderpinError('incomplete', {
    operation: 'promote',
    object: folder,
    found: 'no state of an agent, so nothing says where the policies are',
    remedy: 'start underpin enforce, or name its folder with --state',
  })
}

interface Evidence {
  rows: LedgerRecord[]
  /** null: the policies were watched, and everything that happened has a row. */
  gap: string | null
}

function show(
  screen: Screen,
  enforcer: Enforcer,
  places: Places,
  state: State | null,
  planned: Planned,
  keys: ReadonlySet<string>,
): Evidence {
  if (!isArmed(places.pins))
    return { rows: [], gap: 'nothing is in force, so nothing was watched and the report is empty' }
  const ledger = readLedger(enforcer, places, state)
  const unwatched = [...keys].filter((key) => !ledger.policies.some((one) => one.key === key))
  const rows = stoppedBy(keys, ledger.records, planned)
  if (rows.length > 0) {
    const was = rowsOf(rows, new Set())
    screen.say(
      screen.paint(
        'bold',
        `stopped from now on, by what was seen (${counted(was.length, 'row')}):`,
      ),
    )
    for (const line of reportLines(was, ledger.mechanism, screen.paint))
      screen.say(`  ${line}`.trimEnd())
    screen.say()
  } else screen.say('stopped from now on, by what was seen: nothing')
  const lost = ledger.rest
    .filter(({ outcome }) => outcome === 'would-deny')
    .reduce((sum, { count }) => sum + count, 0)
  return {
    rows,
    gap:
      unwatched.length > 0
        ? `${unwatched.join(', ')} was never in force in audit, so nothing was watched under it`
        : lost > 0
          ? `the ledger was full: ${counted(lost, 'decision')} without a row may be among them`
          : null,
  }
}

function refusals(
  planned: Planned,
  keys: ReadonlySet<string>,
  { rows, gap }: Evidence,
  accepted: boolean,
): string[] {
  const others = inseparable(keys, planned)
  return [
    ...(others.length > 0
      ? [
          `${others.join(', ')} in audit lists processes for the same subjects, so what it allows would be stopped although the report does not show it (promote them together, or merge them)`,
        ]
      : []),
    ...(gap !== null && !accepted ? [`${gap} (--accept promotes all the same)`] : []),
    ...(rows.length > 0 && !accepted
      ? [
          'the report is not clean: allow what is wanted in the policy, or say --accept if all of the above is meant to be stopped',
        ]
      : []),
  ]
}

async function settle(
  screen: Screen,
  enforcer: Enforcer,
  { state: folder }: Places,
  policies: readonly RuntimeLike[],
  seconds: number,
): Promise<number> {
  const done = () => {
    const loaded = enforcer.readState(folder)?.loaded ?? []
    const enforcing = policies.every(({ key }) =>
      loaded.some((one) => one.key === key && one.mode === 'enforce'),
    )
    return enforcing || null
  }
  const running = () => enforcer.isRunning(enforcer.readState(folder))
  if (running() && !(await waitFor(seconds, done))) {
    const problem = enforcer.readState(folder)?.problems[0]
    throw new UnderpinError('incomplete', {
      operation: 'promote',
      object: policies.map(({ key }) => key).join(', '),
      found: problem ?? 'an agent that has not taken it up yet',
      expected: `in force within ${seconds} s`,
      remedy: 'the files are switched; underpin status --wait tells when it is in force',
    })
  }
  for (const { key, file, line } of policies)
    screen.say(
      `${screen.paint('green', 'promoted')} ${key} (${file}:${line})${running() ? ', in force' : ''}`,
    )
  if (!running())
    screen.say('no agent is running: they enforce as soon as underpin enforce is started')
  return 0
}
