// SPDX-License-Identifier: Apache-2.0
// underpin webhook: answers admission reviews over HTTPS.
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { createLog, createMetrics, nextSignal } from '../../../runtime/src/index.ts'
import {
  failureModes,
  folderStore,
  startWebhook,
  type Controllers,
  type FailureMode,
} from '../../../webhook/src/index.ts'
import { usage, type Arguments, type Command } from '../command.ts'
import { knowledgeFiles } from '../knowledge-files.ts'
import { live, liveOptions, type Live } from '../live-webhook.ts'
import { meshProfiles, meshSettings } from '../mesh-files.ts'
import { nearestOf } from '../nearest.ts'
import { templateOption, templatesOf } from '../scan-options.ts'
import { stateOption, usualPlaces } from '../places.ts'
import { secondsOf } from '../wait.ts'

export const webhook: Command = {
  about:
    'Serves /validate over HTTPS. What clients must trust is written to webhook-ca.pem in the state folder, and the\n' +
    'address is in the log. With --state the certificate authority is kept there, so that a restart goes on with it; several\n' +
    'webhooks may share the folder. A change of policies and manifests is taken up within seconds; a file with a problem\n' +
    'changes nothing. With --live both come from the cluster, and replicas share their authority in a Secret.\n' +
    'kube-system, kube-node-lease, the own namespace and those of --dns-name are never denied. Needs no root.',
  options: [
    {
      name: 'policies',
      value: 'DIR',
      many: true,
      help: 'file or folder with CoveragePolicies; required without --live',
    },
    {
      name: 'manifests',
      value: 'DIR',
      many: true,
      help: 'Namespaces, webhook configurations and mesh objects of the cluster',
    },
    {
      name: 'mesh-settings',
      value: 'FILE',
      many: true,
      help: 'how each mesh is installed, where the manifests do not tell',
    },
    { name: 'mesh-profile', value: 'FILE', many: true, help: 'a mesh of your own, as data' },
    templateOption,
    {
      name: 'on-failure',
      value: 'MODE',
      help: 'when judging fails: allow, deny, or policy (default), which is deny where policy denies',
    },
    {
      name: 'exclude-namespace',
      value: 'NAME',
      many: true,
      help: 'only report what is in this namespace, never deny it',
    },
    {
      name: 'trust-controller',
      value: 'USER[=KIND,…]',
      many: true,
      help: 'who makes pods for owners of these kinds, besides the controllers of Kubernetes',
    },
    {
      name: 'host',
      value: 'ADDRESS',
      help: 'where to listen (127.0.0.1; in a cluster 0.0.0.0 or ::)',
    },
    { name: 'port', value: 'PORT', help: 'where to listen (8443; 0: any free one)' },
    {
      name: 'dns-name',
      value: 'NAME',
      many: true,
      help: 'name for the certificate, such as underpin.underpin.svc',
    },
    {
      name: 'drain',
      value: 'SECONDS',
      help: 'serve on so long after SIGTERM (10, and 0 on a loopback address)',
    },
    stateOption,
    ...liveOptions,
  ],
  examples: [
    [
      'underpin webhook --policies policies --state /tmp/underpin',
      'try it: curl --cacert /tmp/underpin/webhook-ca.pem …',
    ],
    [
      'underpin webhook --policies policies --host :: --dns-name underpin.underpin.svc',
      'in a cluster, with files',
    ],
    [
      'underpin webhook --live --host :: --dns-name underpin-webhook.underpin.svc',
      'in a cluster, as the chart runs it',
    ],
  ],
  exits: [
    [0, 'stopped by SIGTERM or SIGINT'],
    [2, 'the command line or a policy was not understood'],
    [3, 'the port or the certificate could not be had'],
  ],
  run,
}

async function run(args: Arguments): Promise<number> {
  const paths = args.values('policies').map((path) => resolve(path))
  const isLive = args.has('live')
  if (paths.length === 0 && !isLive)
    throw usage(
      'no --policies',
      '--policies DIR',
      'for example underpin webhook --policies policies',
      'webhook',
    )
  const host = args.value('host') ?? '127.0.0.1'
  const onFailure = modeOf(args)
  const controllers = controllersOf(args)
  const port = portOf(args)
  const drainMs = (secondsOf(args, 'drain', 'webhook') ?? (isLoopback(host) ? 0 : 10)) * 1000
  const metrics = createMetrics()
  const dropped = metrics.counter('underpin_log_lines_dropped_total', 'Log lines nobody read.')
  const background = { dropped: () => dropped.add() }
  const log = createLog({ base: { part: 'webhook' }, background })
  const manifests = args.values('manifests').map((path) => resolve(path))
  const templates = templatesOf(args, 'webhook')
  const profiles = await meshProfiles(args.values('mesh-profile'))
  const settings = await meshSettings(args.values('mesh-settings'), profiles)
  const words = { profiles, settings }
  let cluster: Live | null = null
  const files = await knowledgeFiles({ policies: paths, manifests, meshes: words }, log, () =>
    cluster?.knowledge.remake(),
  )
  cluster = isLive
    ? await live(args, { words, policies: () => files.current().policies, log, metrics })
    : null
  const asked = nextSignal()
  const server = await startWebhook({
    knowledge: cluster?.knowledge ?? files,
    host,
    port,
    dnsNames: [
      ...new Set([
        'localhost',
        '127.0.0.1',
        '::1',
        ...(isWildcard(host) ? [] : [host]),
        ...args.values('dns-name'),
      ]),
    ],
    log,
    metrics,
    onFailure,
    controllers,
    templates,
    exclusions: {
      ownNamespaces: [
        ...args.values('dns-name').flatMap(namespaceOfService),
        ...(cluster?.ownNamespaces ?? []),
      ],
      further: args.values('exclude-namespace'),
    },
    ...(cluster?.serving ?? {
      store: storeOf(args, (file, found) =>
        log.warn({ file, found }, 'certificate authority cannot be used, ignoring'),
      ),
    }),
    drainMs,
  })
  const ended = cluster?.watchOwn(() => server.renewCertificates())
  const signal = await asked
  log.info({ signal }, 'stopping')
  await server.stop()
  await ended?.()
  await cluster?.knowledge.stop()
  files.stop()
  return 0
}

function storeOf(args: Arguments, unusable: (file: string, why: string) => void) {
  const state = resolve(args.value('state') ?? usualPlaces.state)
  return folderStore({
    folder: join(state, 'webhook'),
    bundle: join(state, 'webhook-ca.pem'),
    // Keys are written only where somebody asked for a folder to keep things in.
    keepKeys: args.has('state'),
    unusable,
  })
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'
const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** The API server calls a webhook of the cluster by the name of its Service: NAME.NAMESPACE.svc. */
function namespaceOfService(name: string): string[] {
  const found = /^[^.]+\.([^.]+)\.svc(?:\.|$)/.exec(name)?.[1]
  return found === undefined ? [] : [found]
}

function modeOf(args: Arguments): FailureMode {
  const word = args.value('on-failure') ?? 'policy'
  const mode = failureModes.find((one) => one === word)
  if (mode !== undefined) return mode
  const meant = nearestOf(word, failureModes)
  throw usage(
    `--on-failure ${word}`,
    `one of ${failureModes.join(', ')}`,
    meant ? `did you mean ${meant}?` : 'leave it out for policy',
    'webhook',
  )
}

/** "system:serviceaccount:argo:rollouts=ReplicaSet,Rollout"; without kinds: of all of them. */
function controllersOf(args: Arguments): Controllers {
  return new Map(
    args.values('trust-controller').map((text) => {
      const [user = '', kinds] = text.split('=', 2)
      if (user !== '' && kinds !== '') return [user, kinds?.split(',') ?? null] as const
      throw usage(
        `--trust-controller ${text}`,
        'USER or USER=KIND,KIND',
        'for example --trust-controller system:serviceaccount:argo-rollouts:argo-rollouts=ReplicaSet',
        'webhook',
      )
    }),
  )
}

function portOf(args: Arguments): number {
  const text = args.value('port') ?? '8443'
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw usage(`--port ${text}`, 'a port from 0 to 65535', 'leave it out for 8443', 'webhook')
}
