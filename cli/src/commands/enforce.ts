// SPDX-License-Identifier: Apache-2.0
// underpin enforce: the agent, in the foreground.
import { resolve } from 'node:path'
import { createLog, nextSignal, type LogOptions } from '../../../runtime/src/index.ts'
import { agentOptionsOf, nodeOptions, tellingOptions } from '../agent-options.ts'
import { usage, type Arguments, type Command } from '../command.ts'
import { openEnforcer, requireBtf } from '../enforcer.ts'
import { rememberInputs } from '../places.ts'
import type { Screen } from '../screen.ts'

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
    ...nodeOptions,
    ...tellingOptions,
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
  const { level, inForce } = agentOptionsOf(args, 'enforce')
  const pods = args.values('pods').map((path) => resolve(path))
  const enforcer = await openEnforcer('enforce policies')
  requireBtf('enforce policies')
  const log = createLog({ level, base: { part: 'enforcer' } } satisfies LogOptions)
  // From the first moment on: a signal during the start must not kill us half-way.
  const asked = nextSignal()
  const agent = await enforcer.enforce({
    policies,
    pods,
    ...inForce,
    log,
  })
  // After the agent holds the lock: a second one that is refused leaves no trace.
  rememberInputs(inForce.state, { policies, pods })
  log.info({ policies: agent.state().loaded.length, generation: agent.state().generation }, 'ready')
  const signal = await asked
  agent.stop()
  log.info({ signal }, 'agent stopped, policies stay in force')
  screen.note(
    `underpin: the agent stopped; its policies stay in force (underpin disarm --pins ${inForce.pins} removes them)`,
  )
  return 0
}
