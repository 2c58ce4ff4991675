// SPDX-License-Identifier: Apache-2.0
// What every agent is told about this node, whether its policies come from files (enforce) or from a cluster (agent).
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { UnderpinError } from '../../runtime/src/index.ts'
import { defaultPosture, postures } from '../../enforcer/src/plan/pending.ts'
import { usage, type Arguments, type Option } from './command.ts'
import { objectsFolder } from './installation.ts'
import { pinsOption, placesOf, stateOption } from './places.ts'
import { resolversOf, resolversOption, timesOf, timesOptions } from './resolver-options.ts'

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

/** Where, and what no policy says. */
export const nodeOptions: readonly Option[] = [
  { name: 'cgroup', value: 'PATH', help: 'only below this cgroup folder (the whole machine)' },
  {
    name: 'pending',
    value: 'POSTURE',
    help: `what no policy knows yet: ${postures.join(', ')} (${defaultPosture})`,
  },
  resolversOption,
  ...timesOptions,
  pinsOption,
  stateOption,
  {
    name: 'cut-denied',
    help: 'end connections that a changed policy denies, besides dropping their packets',
  },
]

/** What it tells. */
export const tellingOptions: readonly Option[] = [
  { name: 'flows', help: 'count who talks with whom, for underpin report --flows' },
  { name: 'log-level', value: 'LEVEL', help: `${levels.join(', ')} (info)` },
]

/** `level` is the log's; `inForce` goes to the enforcer as it is. */
export function agentOptionsOf(args: Arguments, command: string) {
  const level = oneOf(args, command, 'log-level', levels, 'info')
  const pending = oneOf(args, command, 'pending', postures, defaultPosture)
  const cgroup = cgroupOf(args)
  const resolvers = resolversOf(args, command)
  const inForce = {
    ...(cgroup !== undefined && { cgroup }),
    pending,
    flows: args.has('flows'),
    cutDenied: args.has('cut-denied'),
    ...(resolvers && { resolvers }),
    times: timesOf(args, command),
    objects: objectsFolder(),
    ...placesOf(args),
  }
  return { level, inForce }
}

function oneOf<T extends string>(
  args: Arguments,
  command: string,
  option: string,
  words: readonly T[],
  usual: T,
): T {
  const given = args.value(option) ?? usual
  const found = words.find((one) => one === given)
  if (found !== undefined) return found
  throw usage(
    `--${option} ${given}`,
    `one of ${words.join(', ')}`,
    `leave it out for ${usual}`,
    command,
  )
}

function cgroupOf(args: Arguments): string | undefined {
  const given = args.value('cgroup')
  if (given === undefined) return undefined
  const cgroup = resolve(given)
  if (existsSync(join(cgroup, 'cgroup.procs'))) return cgroup
  throw new UnderpinError('input-missing', {
    operation: 'enforce policies',
    object: given,
    found: existsSync(cgroup) ? 'no cgroup' : 'no such folder',
    expected: 'a folder of the cgroup v2 file system',
    remedy: 'leave --cgroup out for the whole machine',
  })
}
