// SPDX-License-Identifier: Apache-2.0
// underpin disarm: takes everything out of force.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Arguments, Command } from '../command.ts'
import { disarm as removeAll } from '../../../enforcer/src/kernel/pins.ts'
import { isRunning, readState } from '../../../enforcer/src/state.ts'
import { requireRoot } from '../enforcer.ts'
import { linksAt } from '../ledger.ts'
import { pinsOption, placesOf, stateOption } from '../places.ts'
import { counted, type Screen } from '../screen.ts'

export const disarm: Command = {
  about:
    'Detaches every program and removes every map, the ledger with them: save a report first if it matters.\n' +
    'Works without a running agent. An agent that still runs decides nothing any more; stop it as well.',
  options: [pinsOption, stateOption],
  examples: [
    ['underpin disarm', 'nothing is decided by Underpin afterwards'],
    ['underpin report -o json >report.json; underpin disarm', 'keep what was recorded'],
  ],
  exits: [
    [0, 'nothing is in force any more, or nothing was'],
    [2, 'the command line was not understood'],
    [3, 'something could not be removed'],
  ],
  run,
}

function run(args: Arguments, screen: Screen): Promise<number> {
  return Promise.resolve(take(args, screen))
}

/** Nothing here needs libbpf: it must work when nothing else does. */
function take(args: Arguments, screen: Screen): number {
  const places = placesOf(args)
  requireRoot('disarm')
  const programs = linksAt(places.pins).length
  const removed = removeAll(places.pins)
  if (removed === 0) {
    screen.say(`nothing was in force (${places.pins} holds nothing)`)
    return 0
  }
  screen.say(
    `disarmed: ${counted(programs, 'program')} detached, ${counted(removed - programs, 'map')} removed from ${places.pins}`,
  )
  const state = readState(places.state)
  if (state?.pins !== places.pins) return 0
  if (isRunning(state))
    screen.say(
      `the agent (process ${state.pid}) still runs and decides nothing any more; stop it: kill ${state.pid}`,
    )
  else
    for (const name of ['state.json', 'inputs.json'])
      rmSync(join(places.state, name), { force: true })
  return 0
}
