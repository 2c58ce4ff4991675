// SPDX-License-Identifier: Apache-2.0
// underpin status: what is in force, on which subjects, by which mechanism.
import { existsSync } from 'node:fs'
import type { State } from '../../../enforcer/src/index.ts'
import { reasonOf, UnderpinError } from '../../../runtime/src/index.ts'
import { clean } from '../clean-text.ts'
import type { Arguments, Command } from '../command.ts'
import { openEnforcer, type Enforcer } from '../enforcer.ts'
import { pendingKey } from '../../../enforcer/src/plan/pending.ts'
import { boundSubjects, pending, type BoundSubject } from '../in-force.ts'
import { isArmed, kernelPolicies, linksAt, withTables, type KernelPolicy } from '../ledger.ts'
import { subjectText } from '../ledger-view.ts'
import { byMechanism } from '../mechanism-lines.ts'
import { outputOption, wantsJson } from '../output.ts'
import { inputsOf, pinsOption, placesOf, stateOption } from '../places.ts'
import { planFiles, type Planned } from '../planning.ts'
import { columns, counted, json, type Screen } from '../screen.ts'
import { secondsOf, waitFor, waitOption } from '../wait.ts'

export const status: Command = {
  about:
    'Reads pinned maps and the agent’s state. Without a running agent it tells what is in force all the same.\n' +
    'With --wait it returns as soon as every policy in the agent’s files, as they are now, is in force.',
  options: [
    outputOption,
    waitOption('until the files are in force, at most so long (15)'),
    pinsOption,
    stateOption,
  ],
  examples: [
    ['underpin status', 'policies, subjects, mechanisms, problems'],
    [
      'underpin enforce --policies policies & underpin status --wait=30',
      'start, and go on when it is in force',
    ],
  ],
  exits: [
    [0, 'in force as the files say'],
    [2, 'the command line was not understood'],
    [3, 'nothing is in force, or not what the files say: no agent, problems, or the time was over'],
  ],
  run,
}

export interface Standing {
  armed: boolean
  agent: { running: boolean; pid: number; started: string } | null
  generation: number
  applied: string | null
  mechanisms: State['mechanisms']
  policies: (KernelPolicy & { place: string | null; subjects: number })[]
  subjects: BoundSubject[]
  problems: string[]
}

async function run(args: Arguments, screen: Screen): Promise<number> {
  const asJson = wantsJson(args, 'status')
  const seconds = secondsOf(args, 'wait', 'status')
  const places = placesOf(args)
  const enforcer = await openEnforcer('status')
  let late: string | null = null
  if (seconds !== undefined) {
    const done = await waitFor(seconds, async () => {
      late = await notYet(enforcer, places)
      return late === null ? true : null
    })
    if (done) late = null
  }
  const state = enforcer.readState(places.state)
  const planned = await plannedOf(places.state, state)
  const standing = standingOf(enforcer, places.pins, state, planned)
  if (asJson) json(screen, { schema: 'underpin.dev/status/v1alpha1', ...standing })
  else for (const line of statusLines(standing, places.pins, screen.paint)) screen.say(line)
  if (late !== null)
    throw new UnderpinError('incomplete', {
      operation: 'wait for the policies',
      object: places.state,
      found: late,
      expected: `everything in force within ${seconds} s`,
      remedy: 'the log of underpin enforce tells more',
    })
  return standing.armed && standing.problems.length === 0 ? 0 : 3
}

/** null: every policy of the files is in force. */
async function notYet(
  enforcer: Enforcer,
  { pins, state: folder }: { pins: string; state: string },
): Promise<string | null> {
  const state = enforcer.readState(folder)
  if (!state || !enforcer.isRunning(state)) return 'no running agent'
  if (state.pins !== pins) return `an agent that pins in ${state.pins}`
  if (!isArmed(pins)) return `nothing in force at ${pins}`
  const inputs = inputsOf(folder, state)
  if (!inputs) return 'an agent without files'
  try {
    return pending(state, await planFiles(inputs))
  } catch (error) {
    return reasonOf(error)
  }
}

/** null: unknown or unreadable files; the agent's state tells of their problems. */
async function plannedOf(folder: string, state: State | null): Promise<Planned | null> {
  const inputs = inputsOf(folder, state)
  if (!inputs?.policies.every((path) => existsSync(path))) return null
  try {
    const planned = await planFiles(inputs)
    return state && pending(state, planned) === null ? planned : null
  } catch {
    return null
  }
}

function standingOf(
  enforcer: Enforcer,
  pins: string,
  state: State | null,
  planned: Planned | null,
): Standing {
  const armed = isArmed(pins)
  const agent = state && {
    running: enforcer.isRunning(state),
    pid: state.pid,
    started: state.started,
  }
  const mine = state?.pins === pins ? state : null
  if (!armed)
    return {
      armed,
      agent,
      generation: 0,
      applied: null,
      mechanisms: [],
      policies: [],
      subjects: [],
      problems: state?.problems ?? [],
    }
  return withTables(enforcer, pins, (tables) => {
    const subjects = boundSubjects(enforcer, tables, mine, planned)
    const placeOf = new Map(mine?.loaded.map(({ key, file, line }) => [key, `${file}:${line}`]))
    return {
      armed,
      agent,
      generation: tables.control.get({ value: 0 })?.generation ?? 0,
      applied: mine?.applied ?? null,
      mechanisms: mine?.mechanisms ?? enforcer.mechanismsAttached(linksAt(pins)),
      policies: kernelPolicies(tables).map((one) => ({
        ...one,
        place:
          placeOf.get(one.key) ??
          (one.key === pendingKey ? 'of what no policy knows (enforce --pending)' : null),
        subjects: subjects.filter(({ policies }) => policies.includes(one.key)).length,
      })),
      subjects,
      problems: mine?.problems ?? [],
    }
  })
}

export function statusLines(standing: Standing, pins: string, paint: Screen['paint']): string[] {
  const { armed, agent, generation, policies, subjects, mechanisms, problems } = standing
  const running = agent?.running
    ? `running (process ${agent.pid} since ${agent.started})`
    : paint('yellow', 'not running: nothing new is read; what is in force stays in force')
  if (!armed)
    return [
      paint('bold', `nothing is in force at ${pins}`),
      ...(agent?.running ? [`agent  ${running}`] : []),
      ...problemLines(problems, paint),
    ]
  return [
    paint(
      'bold',
      `${counted(policies.filter(({ key }) => key !== pendingKey).length, 'policy', 'policies')} in force on ${counted(subjects.length, 'subject')}`,
    ),
    '',
    `agent   ${running}`,
    `plan    generation ${generation}${standing.applied === null ? '' : `, applied ${standing.applied}`}`,
    ...mechanismLines(mechanisms, paint),
    '',
    ...columns(
      [
        ['POLICY', 'MODE', 'SUBJECTS', 'FILE'].map((head) => paint('dim', head)),
        ...policies.map(({ key, mode, subjects: count, place }) => [
          clean(key),
          mode === 'enforce' ? paint('green', mode) : mode,
          String(count),
          clean(place ?? ''),
        ]),
      ],
      [2],
    ),
    ...(subjects.length === 0 ? [] : ['', ...subjectLines(subjects, paint)]),
    ...problemLines(problems, paint),
  ]
}

function mechanismLines(mechanisms: State['mechanisms'], paint: Screen['paint']): string[] {
  const degraded = mechanisms.flatMap(({ decision, degraded }) => (degraded ? [decision] : []))
  return [
    ...byMechanism(mechanisms).map((line, i) => `${i === 0 ? 'by' : '  '}      ${line}`),
    ...(degraded.length === 0
      ? []
      : [
          paint(
            'yellow',
            `less    ${degraded.join(', ')}: not all that is possible; underpin doctor says why`,
          ),
        ]),
  ]
}

function subjectLines(subjects: readonly BoundSubject[], paint: Screen['paint']): string[] {
  return columns([
    ['SUBJECT', 'POLICIES'].map((head) => paint('dim', head)),
    ...subjects.map(({ subject, policies }) => [
      subjectText(subject, subject.id),
      policies.map(clean).join(', ') || '(policies that only allow)',
    ]),
  ])
}

function problemLines(problems: readonly string[], paint: Screen['paint']): string[] {
  if (problems.length === 0) return []
  return [
    '',
    paint('red', 'problems of the files, so the previous plan stays in force:'),
    ...problems.map((one) => `  ${clean(one)}`),
  ]
}
