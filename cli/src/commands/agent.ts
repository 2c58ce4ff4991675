// SPDX-License-Identifier: Apache-2.0
// underpin agent: `enforce` on a node of a cluster, with the API server as the source of policies and pods.
import { existsSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import {
  createLog,
  createMetrics,
  nextSignal,
  openCluster,
  type Log,
  readListenAddress,
  serveTelemetry,
  UnderpinError,
} from '../../../runtime/src/index.ts'
import { defaultPosture, postures } from '../../../enforcer/src/plan/pending.ts'
import type { ClusterAgent, Places } from '../../../enforcer/src/index.ts'
import { usage, type Arguments, type Command } from '../command.ts'
import { openEnforcer, requireBtf } from '../enforcer.ts'
import { objectsFolder, version } from '../installation.ts'
import { pinsOption, placesOf, stateOption } from '../places.ts'
import { resolversOf, resolversOption, timesOf, timesOptions } from '../resolver-options.ts'
import type { Screen } from '../screen.ts'

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
const usualKeep = '/var/lib/underpin'
/** Of an agent, in its two folders. */
const ownFiles = [
  'state.json',
  'inputs.json',
  'events.jsonl',
  'events.jsonl.1',
  'lock',
  'last-known.json',
]

export const agent: Command = {
  about:
    'As underpin enforce, with the API server of a cluster as the source of policies, pods and Services, and the result\n' +
    'written to the NodeState of this node. What was known last is kept: the agent starts, and enforces, without an API\n' +
    'server, and one that is away changes nothing in force. A policy that does not load is refused alone; its version\n' +
    'before stays. In a pod it uses the service account; elsewhere a kubeconfig.',
  options: [
    {
      name: 'node',
      value: 'NAME',
      help: 'name of this node in the cluster (NODE_NAME of the environment, or the host name)',
    },
    { name: 'kubeconfig', value: 'FILE', help: 'of the cluster, outside of a pod' },
    { name: 'context', value: 'NAME', help: 'of the kubeconfig (its current one)' },
    {
      name: 'keep',
      value: 'DIR',
      help: `what was known last; must outlive a reboot (${usualKeep})`,
    },
    {
      name: 'metrics',
      value: 'ADDRESS',
      help: 'serve /metrics, /healthz and /readyz there, for example :9465',
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
    {
      name: 'daemon-set',
      value: 'NAMESPACE/NAME',
      help: "the agent's own: when it is deleted, nothing in force changes any more",
    },
    {
      name: 'disarm-on-uninstall',
      help: 'end with everything out of force, and nothing left on the node, when that is deleted',
    },
    { name: 'flows', help: 'count who talks with whom, for underpin report --flows' },
    { name: 'log-level', value: 'LEVEL', help: `${levels.join(', ')} (info)` },
  ],
  examples: [
    ['underpin agent --metrics :9465', 'in a pod of the DaemonSet'],
    ['underpin agent --kubeconfig ~/.kube/config --node worker-1', 'by hand, on that node'],
  ],
  exits: [
    [0, 'stopped by SIGTERM or SIGINT'],
    [2, 'the command line was not understood, or another agent runs'],
    [3, 'the kernel refused, or lacks something'],
  ],
  run,
}

async function run(args: Arguments, screen: Screen): Promise<number> {
  const pending = oneOf(args, 'pending', postures, defaultPosture)
  const level = oneOf(args, 'log-level', levels, 'info')
  const cgroup = cgroupOf(args)
  const resolvers = resolversOf(args, 'agent')
  const times = timesOf(args, 'agent')
  const places = placesOf(args)
  const keep = resolve(args.value('keep') ?? usualKeep)
  const address = args.value('metrics')
  if (address !== undefined) readListenAddress(address)
  const node = args.value('node') ?? process.env['NODE_NAME'] ?? hostname()
  const daemonSet = daemonSetOf(args)
  const { POD_NAMESPACE: namespace, POD_NAME: name } = process.env
  const [kubeconfig, context] = [args.value('kubeconfig'), args.value('context')]
  const enforcer = await openEnforcer('enforce policies')
  requireBtf('enforce policies')
  const log = createLog({ level, base: { part: 'agent', node } })
  const cluster = await openCluster({
    ...(kubeconfig !== undefined && { kubeconfig: resolve(kubeconfig) }),
    ...(context !== undefined && { context }),
  })
  // From the first moment on: a signal during the start must not kill us half-way.
  const ending = new AbortController()
  const asked = nextSignal().then((signal) => {
    ending.abort()
    return signal
  })
  const metrics = createMetrics()
  let running: ClusterAgent | undefined
  const telemetry =
    address === undefined
      ? undefined
      : await serveTelemetry({
          address,
          metrics,
          ready: () =>
            running ? null : 'nothing is in force yet: nothing is known of the cluster',
        })
  try {
    running = await enforcer.enforceCluster({
      ...{ cluster, node, pending, metrics, log, version: version(), signal: ending.signal },
      ...(namespace && name && { pod: `${namespace}/${name}` }),
      keep,
      ...(cgroup !== undefined && { cgroup }),
      ...(daemonSet && { daemonSet }),
      flows: args.has('flows'),
      cutDenied: args.has('cut-denied'),
      ...(resolvers && { resolvers }),
      times,
      objects: objectsFolder(),
      ...places,
    })
    const { loaded, generation } = running.state()
    log.info({ cluster: cluster.name, policies: loaded.length, generation }, 'ready')
    log.info({ signal: await asked }, 'stopping')
    running.stop()
    if (args.has('disarm-on-uninstall') && (await running.uninstalled())) {
      takeAway(enforcer.disarm(places.pins), places, keep, log, screen)
      return 0
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error
  } finally {
    await telemetry?.stop()
  }
  log.info('agent stopped, policies stay in force')
  screen.note(
    `underpin: the agent stopped; its policies stay in force (underpin disarm --pins ${places.pins} removes them)`,
  )
  return 0
}

/** As it was before the agent came. */
function takeAway(
  removed: number,
  { pins, state }: Places,
  keep: string,
  log: Log,
  screen: Screen,
): void {
  for (const folder of [state, keep])
    for (const name of ownFiles) rmSync(join(folder, name), { force: true })
  log.info({ pins, removed }, 'uninstalled: everything is out of force')
  screen.note(`underpin: uninstalled, so nothing is in force any more (${pins})`)
}

function daemonSetOf(args: Arguments): { namespace: string; name: string } | undefined {
  const given = args.value('daemon-set')
  if (given === undefined) {
    if (!args.has('disarm-on-uninstall')) return undefined
    throw usage(
      'no --daemon-set',
      'which DaemonSet it is',
      'for example underpin/underpin-agent',
      'agent',
    )
  }
  const [namespace = '', name = '', ...more] = given.split('/')
  if (namespace !== '' && name !== '' && more.length === 0) return { namespace, name }
  throw usage(
    `--daemon-set ${given}`,
    'NAMESPACE/NAME',
    'for example underpin/underpin-agent',
    'agent',
  )
}

function oneOf<T extends string>(
  args: Arguments,
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
    'agent',
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
