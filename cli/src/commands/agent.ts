// SPDX-License-Identifier: Apache-2.0
// underpin agent: `enforce` on a node of a cluster, with the API server as the source of policies and pods.
import { rmSync } from 'node:fs'
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
} from '../../../runtime/src/index.ts'
import type { ClusterAgent, Places } from '../../../enforcer/src/index.ts'
import { agentOptionsOf, nodeOptions, tellingOptions } from '../agent-options.ts'
import { usage, type Arguments, type Command } from '../command.ts'
import { openEnforcer, requireBtf } from '../enforcer.ts'
import { version } from '../installation.ts'
import type { Screen } from '../screen.ts'

const usualKeep = '/var/lib/underpin'
/** Of an agent, in its two folders. */
const ownFiles = [
  'state.json',
  'inputs.json',
  'events.jsonl',
  'events.jsonl.1',
  'lock',
  'last-known.json',
  'last-known.json.new',
  'last-known.json.aside',
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
    {
      name: 'at-boot',
      help: 'put in force what was known last, and end: for a service of the node, before the kubelet',
    },
    ...nodeOptions,
    {
      name: 'daemon-set',
      value: 'NAMESPACE/NAME',
      help: "the agent's own: when it is deleted, nothing in force changes any more",
    },
    {
      name: 'disarm-on-uninstall',
      help: 'end with everything out of force, and nothing left on the node, when that is deleted',
    },
    ...tellingOptions,
  ],
  examples: [
    ['underpin agent --metrics :9465', 'in a pod of the DaemonSet'],
    ['underpin agent --kubeconfig ~/.kube/config --node worker-1', 'by hand, on that node'],
    ['underpin agent --at-boot', 'before the kubelet starts the first pod'],
  ],
  exits: [
    [0, 'stopped by SIGTERM or SIGINT; with --at-boot, when it is done or nothing was known'],
    [2, 'the command line was not understood, or another agent runs'],
    [3, 'the kernel refused, or lacks something'],
  ],
  run,
}

async function run(args: Arguments, screen: Screen): Promise<number> {
  const { level, inForce } = agentOptionsOf(args, 'agent')
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
  if (args.has('at-boot')) {
    const inForceNow = await enforcer.enforceAtBoot({ ...inForce, node, keep, log })
    if (inForceNow)
      log.info({ policies: inForceNow.loaded.length }, 'in force, until an agent goes on with it')
    else log.info({ keep }, 'nothing is known of the cluster, so nothing was put in force')
    return 0
  }
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
      ...inForce,
      ...{ cluster, node, metrics, log, version: version(), signal: ending.signal },
      ...(namespace && name && { pod: `${namespace}/${name}` }),
      keep,
      ...(daemonSet && { daemonSet }),
    })
    const { loaded, generation } = running.state()
    log.info({ cluster: cluster.name, policies: loaded.length, generation }, 'ready')
    log.info({ signal: await asked }, 'stopping')
    running.stop()
    if (args.has('disarm-on-uninstall') && (await running.uninstalled())) {
      takeAway(enforcer.disarm(inForce.pins), inForce, keep, log, screen)
      return 0
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error
  } finally {
    await telemetry?.stop()
  }
  log.info('agent stopped, policies stay in force')
  screen.note(
    `underpin: the agent stopped; its policies stay in force (underpin disarm --pins ${inForce.pins} removes them)`,
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
