// SPDX-License-Identifier: Apache-2.0
// underpin observe: every decision as it is made, allowed ones too.
import { join } from 'node:path'
import type { Flow, FlowCount, Observed, SyscallCount, Watch } from '../../../enforcer/src/index.ts'
import { nextSignal } from '../../../runtime/src/index.ts'
import { triedText } from '../activity.ts'
import { clean, cleanJson } from '../clean-text.ts'
import type { Arguments, Command } from '../command.ts'
import { openEnforcer } from '../enforcer.ts'
import { cellsOf, flowLines, moved, summed } from '../flow-view.ts'
import { objectsFolder } from '../installation.ts'
import { podNames } from '../ledger.ts'
import { outputOption, wantsJson } from '../output.ts'
import { pinsOption, placesOf, stateOption } from '../places.ts'
import { counted, type Paint, type Screen } from '../screen.ts'
import { secondsOf, waitFor } from '../wait.ts'

export const observe: Command = {
  about:
    'One line for each decision on subjects of policies, until Ctrl-C. Decisions are the same as ever; while somebody\n' +
    'watches, the kernel also tells of what it allows, which costs a little. One watcher at a time.\n' +
    'With --processes, --files, --flows or --syscalls it also shows what happens anywhere on the machine, host services\n' +
    'included, or below one cgroup; the programs for that are attached only meanwhile. Flows are told every second while\n' +
    'they move, with their sums so far. Sums of flows and counts of system calls come at the end.',
  options: [
    { name: 'processes', help: 'programs that start and processes that end, of the whole machine' },
    { name: 'files', help: 'files that are opened, of the whole machine' },
    { name: 'flows', help: 'who talks with whom, packets and bytes, of the whole machine' },
    { name: 'syscalls', help: 'how often each system call was made, told at the end' },
    {
      name: 'cgroup',
      value: 'PATH',
      help: 'the four above only for this cgroup and what is below',
    },
    { name: 'seconds', value: 'N', help: 'end after so many seconds' },
    outputOption,
    pinsOption,
    stateOption,
  ],
  examples: [
    ['underpin observe', 'until Ctrl-C'],
    ['underpin observe --seconds 10 -o json | jq .executable', 'JSON lines'],
    ['underpin observe --flows --seconds 60', 'who talks with whom, and how much'],
    ['underpin observe --processes --files --cgroup /system.slice/nginx.service', 'one service'],
  ],
  exits: [
    [0, 'watched as long as asked'],
    [2, 'the command line was not understood, or somebody else observes'],
    [3, 'nothing is in force, or decisions were lost'],
  ],
  run,
}

async function run(args: Arguments, screen: Screen): Promise<number> {
  const asJson = wantsJson(args, 'observe')
  const seconds = secondsOf(args, 'seconds', 'observe') ?? Infinity
  const places = placesOf(args)
  const enforcer = await openEnforcer('observe')
  const tables = enforcer.openTables(places.pins)
  let asked = false
  void nextSignal().then(() => (asked = true))
  // A reader that goes away (head) ends the watch, and the flag must not stay behind.
  process.stdout.once('error', () => (asked = true))
  const observer = enforcer.observe(
    tables,
    places.state,
    podNames(enforcer.readState(places.state)),
  )
  let lost: number
  let watch: Watch | undefined
  let counting: FlowCount | undefined
  try {
    const [processes, files, syscalls] = (['processes', 'files', 'syscalls'] as const).map((name) =>
      args.has(name),
    )
    const cgroup = args.value('cgroup')
    if (processes || files || syscalls)
      watch = enforcer.watchMachine({
        objects: objectsFolder(),
        pins: places.pins,
        processes: processes === true,
        files: files === true,
        syscalls: syscalls === true,
        ...(cgroup !== undefined && { cgroup }),
      })
    if (args.has('flows'))
      counting = enforcer.countFlows({
        objects: objectsFolder(),
        pins: places.pins,
        cgroup:
          cgroup === undefined ? enforcer.cgroupMount() : join(enforcer.cgroupMount(), cgroup),
        pinned: false,
      })
    const pods = podNames(enforcer.readState(places.state))
    const flows = (): Flow[] =>
      counting ? summed(enforcer.readFlows(counting.flows, tables, pods)) : []
    const before = new Map<string, number>()
    let looked = performance.now()
    const show = () => {
      if (counting && performance.now() - looked >= flowsEveryMs) {
        looked = performance.now()
        for (const one of moved(enforcer.readFlows(counting.flows, tables, pods), before))
          screen.say(asJson ? cleanJson({ event: 'flow', ...one }) : flowLine(one))
      }
      for (const one of observer.take())
        screen.say(asJson ? cleanJson(one) : lineOf(one, screen.paint))
      return asked || null
    }
    await waitFor(seconds, show)
    if (!asked) show()
    const sums = flows()
    if (asJson) for (const one of sums) screen.say(cleanJson({ event: 'flows', ...one }))
    else if (sums.length > 0) {
      screen.say(`\nflows, summed:`)
      for (const line of flowLines(sums)) screen.say(line)
    }
    for (const one of watch?.syscalls() ?? [])
      screen.say(asJson ? cleanJson({ event: 'syscalls', ...one }) : syscallLine(one))
  } finally {
    watch?.close()
    counting?.close()
    lost = observer.close()
    enforcer.closeTables(tables)
  }
  if (lost === 0) return 0
  screen.note(
    `underpin: ${counted(lost, 'decision')} came faster than they were read, and are not shown`,
  )
  return 3
}

const flowsEveryMs = 1000

const flowLine = (one: Flow): string =>
  [one.last.slice(11, 23), 'flow'.padEnd(10), ...cellsOf(one)].join('  ')

const colours = { allowed: 'dim', 'would-deny': 'yellow', denied: 'red' } as const

const syscallLine = ({ cgroup, number, count }: SyscallCount): string =>
  `${String(count).padStart(12)}×  system call ${String(number).padEnd(4)}  ${clean(cgroup)}`

const what = {
  decision: (one: Observed) => triedText({ ...one, other: false }),
  start: () => 'started',
  exit: ({ status = 0 }: Observed) =>
    (status & 127) === 0 ? `ended with status ${status >> 8}` : `ended by signal ${status & 127}`,
  open: (one: Observed) => triedText({ ...one, other: false }),
}

export function lineOf(one: Observed, paint: Paint): string {
  const { time, subject, executable, from, outcome, policy, rule } = one
  const who = `${clean(executable ?? '?')}${from === null ? '' : ` ← ${clean(from)}`}`
  const why =
    policy === null || outcome === 'allowed' ? '' : `  ${clean(policy)} ${clean(rule ?? '')}`
  return [
    time.slice(11, 23),
    one.event === 'decision' ? paint(colours[outcome], outcome.padEnd(10)) : one.event.padEnd(10),
    clean(subject.name).slice(0, 32).padEnd(24),
    what[one.event](one).padEnd(34),
    `${who}${why}`,
  ]
    .join('  ')
    .trimEnd()
}
