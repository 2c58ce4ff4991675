// SPDX-License-Identifier: Apache-2.0
// underpin doctor: what this machine offers, which mechanism decides what, and what would be better.
import type { Arguments, Command } from '../command.ts'
import type { DecisionMechanism } from '../../../enforcer/src/index.ts'
import { examineMachine, type Check } from '../machine.ts'
import { clean } from '../clean-text.ts'
import { outputOption, wantsJson } from '../output.ts'
import { pinsOption, placesOf } from '../places.ts'
import { columns, json, type Colour, type Screen } from '../screen.ts'

export const doctor: Command = {
  about:
    'Looks at the kernel, its file systems and libraries, loads the programs if they are not in force, and tries every way to\n' +
    'stop an exec and a connection on processes of its own: a mechanism counts only if it works. Then, decision by decision:\n' +
    'which mechanism carries it out here, what is missing, and how to get it. Changes nothing, and touches no policy in force.',
  options: [outputOption, pinsOption],
  examples: [
    ['underpin doctor', 'before the first underpin enforce on a machine'],
    ['underpin doctor -o json', 'for an inventory'],
  ],
  exits: [
    [0, 'underpin enforce works here'],
    [2, 'the command line was not understood'],
    [3, 'something that it needs is missing, or could not be looked at'],
  ],
  run,
}

async function run(args: Arguments, screen: Screen): Promise<number> {
  const asJson = wantsJson(args, 'doctor')
  const { checks, mechanisms } = await examineMachine(placesOf(args).pins)
  if (asJson) json(screen, { schema: 'underpin.dev/doctor/v1alpha1', checks, mechanisms })
  else {
    for (const line of doctorLines(checks, screen.paint)) screen.say(line)
    for (const line of mechanismLines(mechanisms, screen.paint)) screen.say(line)
  }
  return checks.some(({ state }) => state === 'missing') ? 3 : 0
}

const colours: Record<Check['state'], Colour> = {
  good: 'green',
  fair: 'yellow',
  missing: 'red',
  info: 'dim',
}
const words: Record<Check['state'], string> = {
  good: 'ok',
  fair: 'fair',
  missing: 'missing',
  info: '',
}

export function doctorLines(checks: readonly Check[], paint: Screen['paint']): string[] {
  const rows = columns(
    checks.map(({ what, state, found }) => [
      paint(colours[state], words[state]),
      what,
      clean(found),
    ]),
  )
  return rows.flatMap((row, i) => {
    const { better } = checks[i] as Check
    return better === undefined ? [row] : [row, paint('dim', `         → ${clean(better)}`)]
  })
}

/** Decision by decision: by what it is carried out, what is missing, and how to get it. */
export function mechanismLines(
  mechanisms: readonly DecisionMechanism[],
  paint: Screen['paint'],
): string[] {
  if (mechanisms.length === 0) return []
  const rows = columns([
    ['DECISION', 'BY'].map((head) => paint('dim', head)),
    ...mechanisms.map(({ decision, mechanism, degraded }) => [
      decision,
      paint(
        mechanism === 'none' ? 'red' : degraded === undefined ? 'green' : 'yellow',
        mechanism === 'none' ? 'nothing' : mechanism,
      ),
    ]),
  ])
  return [
    '',
    rows[0] as string,
    // A reason that the row above has given already is not repeated.
    ...mechanisms.flatMap(({ degraded, better }, i) => [
      rows[i + 1] as string,
      ...[
        degraded === mechanisms[i - 1]?.degraded ? undefined : degraded,
        better === mechanisms[i - 1]?.better ? undefined : better && `→ ${better}`,
      ]
        .filter((text) => text !== undefined)
        .map((text) => paint('dim', `         ${clean(text)}`)),
    ]),
  ]
}
