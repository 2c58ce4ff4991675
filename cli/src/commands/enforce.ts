// SPDX-License-Identifier: Apache-2.0
// underpin enforce: the agent, in the foreground.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  createLog,
  nextSignal,
  UnderpinError,
  type LogOptions,
} from '../../../runtime/src/index.ts'
import { defaultPosture, postures } from '../../../enforcer/src/plan/pending.ts'
import { usage, type Arguments, type Command } from '../command.ts'
import { openEnforcer, requireBtf } from '../enforcer.ts'
import { objectsFolder } from '../installation.ts'
import { pinsOption, placesOf, rememberInputs, stateOption } from '../places.ts'
import { resolversOf, resolversOption, timesOf, timesOptions } from '../resolver-options.ts'
import type { Screen } from '../screen.ts'

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

export const enforce: Command = {
  about:
    'Runs in the foreground and logs JSON lines. Policies in audit only report; those in enforce stop what they do not\n' +
    'allow. A change of the files is in force within seconds; a file with a problem changes nothing. When the agent ends,\n' +
    'however it ends, what is in force stays in force: the next one takes over, and underpin disarm removes everything.',
  options: [
    {
      name: 'policies',
      value: 'DIR',
      many: true,
      help: 'required; file or folder of policies, may be repeated',
    },
    {
      name: 'pods',
      value: 'DIR',
      many: true,
      help: 'file or folder of manifests of the pods of this node',
    },
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
    { name: 'flows', help: 'count who talks with whom, for underpin report --flows' },
    { name: 'log-level', value: 'LEVEL', help: `${levels.join(', ')} (info)` },
  ],
  examples: [
    [
      'underpin enforce --policies /etc/underpin/policies',
      'services and containers of this machine',
    ],
    ['underpin enforce --policies policies --pods /etc/kubernetes/manifests', 'pods as well'],
  ],
  exits: [
    [0, 'stopped by SIGTERM or SIGINT'],
    [2, 'the command line or a policy was not understood, or another agent runs'],
    [3, 'the kernel refused, or lacks something'],
  ],
  run,
}

async function run(args: Arguments, screen: Screen): Promise<number> {
  const policies = args.values('policies').map((path) => resolve(path))
  if (policies.length === 0)
    throw usage(
      'no --policies',
      '--policies DIR',
      'for example underpin enforce --policies policies',
      'enforce',
    )
  const level = levels.find((one) => one === (args.value('log-level') ?? 'info'))
  if (level === undefined)
    throw usage(
      `--log-level ${args.value('log-level') ?? ''}`,
      `one of ${levels.join(', ')}`,
      'leave it out',
      'enforce',
    )
  const pending = postures.find((one) => one === (args.value('pending') ?? defaultPosture))
  if (pending === undefined)
    throw usage(
      `--pending ${args.value('pending') ?? ''}`,
      `one of ${postures.join(', ')}`,
      'leave it out',
      'enforce',
    )
  const cgroup = cgroupOf(args)
  const resolvers = resolversOf(args, 'enforce')
  const times = timesOf(args, 'enforce')
  const places = placesOf(args)
  const pods = args.values('pods').map((path) => resolve(path))
  const enforcer = await openEnforcer('enforce policies')
  requireBtf('enforce policies')
  const log = createLog({ level, base: { part: 'enforcer' } } satisfies LogOptions)
  // From the first moment on: a signal during the start must not kill us half-way.
  const asked = nextSignal()
  const agent = await enforcer.enforce({
    policies,
    pods,
    ...(cgroup !== undefined && { cgroup }),
    pending,
    flows: args.has('flows'),
    cutDenied: args.has('cut-denied'),
    ...(resolvers && { resolvers }),
    times,
    objects: objectsFolder(),
    ...places,
    log,
  })
  // After the agent holds the lock: a second one that is refused leaves no trace.
  rememberInputs(places.state, { policies, pods })
  log.info({ policies: agent.state().loaded.length, generation: agent.state().generation }, 'ready')
  const signal = await asked
  agent.stop()
  log.info({ signal }, 'agent stopped, policies stay in force')
  screen.note(
    `underpin: the agent stopped; its policies stay in force (underpin disarm --pins ${places.pins} removes them)`,
  )
  return 0
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
