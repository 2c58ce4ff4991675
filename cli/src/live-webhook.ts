// SPDX-License-Identifier: Apache-2.0
// underpin webhook --live: what it knows from watches of the cluster, and where its certificate is kept there.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openCluster, type Cluster, type Log, type Metrics } from '../../runtime/src/index.ts'
import {
  liveKnowledge,
  secretStore,
  watchOwnObjects,
  type LiveKnowledge,
  type WebhookOptions,
} from '../../webhook/src/index.ts'
import type { LoadedCoverage } from '../../policies/src/index.ts'
import { usage, type Arguments, type Option } from './command.ts'
import type { MeshWords } from './cluster-files.ts'
import { clusterOf } from './scan-options.ts'

export const liveOptions: readonly Option[] = [
  {
    name: 'live',
    help: 'in a cluster: policies, namespaces and meshes from watches, the certificate in a Secret',
  },
  { name: 'kubeconfig', value: 'FILE', help: 'with --live, instead of the pod’s service account' },
  { name: 'context', value: 'NAME', help: 'of the kubeconfig, instead of its current one' },
  {
    name: 'mesh-namespace',
    value: 'NAME',
    many: true,
    help: 'where control planes of meshes are; their ConfigMaps are read only there',
  },
  {
    name: 'secret',
    value: 'NAMESPACE/NAME',
    help: 'where replicas keep the authority (underpin-webhook-certificate, own namespace)',
  },
  {
    name: 'configuration',
    value: 'NAME',
    help: 'our ValidatingWebhookConfiguration, whose caBundle is kept (underpin)',
  },
  {
    name: 'certificate-folder',
    value: 'DIR',
    help: 'tls.crt and tls.key of somebody else, as cert-manager; caBundle is left alone',
  },
]

export type Live = {
  cluster: Cluster
  knowledge: LiveKnowledge
  /** What a cluster changes of how the webhook is served. */
  serving: Pick<WebhookOptions, 'store' | 'mounted' | 'patient'>
  ownNamespaces: readonly string[]
  /** Looks at certificates again when their objects change. Returns what ends it. */
  watchOwn: (look: () => Promise<void>) => () => Promise<void>
}

export type LiveParts = {
  words: MeshWords
  policies: () => readonly LoadedCoverage[]
  log: Log
  metrics: Metrics
}

export async function live(args: Arguments, parts: LiveParts): Promise<Live> {
  const { words, policies, log, metrics } = parts
  refuse(args, 'manifests', 'in a cluster they are read from it')
  refuse(args, 'state', 'in a cluster the authority is kept in a Secret: --secret')
  const folder = args.value('certificate-folder')
  const own = ownNamespace()
  const secret = secretOf(args, own)
  const configuration = args.value('configuration') ?? 'underpin'
  const cluster = await openCluster(clusterOf(args))
  const { profiles, settings } = words
  const knowledge = liveKnowledge({
    ...{ cluster, log, metrics, policies, profiles },
    ...(settings === undefined ? {} : { settings }),
    meshNamespaces: args.values('mesh-namespace'),
  })
  const ownNamespaces = [...new Set([own, secret.namespace].filter((one) => one !== null))]
  if (folder !== undefined)
    return {
      ...{ cluster, knowledge, ownNamespaces },
      serving: { mounted: resolve(folder) },
      watchOwn: () => () => Promise.resolve(),
    }
  return {
    ...{ cluster, knowledge, ownNamespaces },
    serving: {
      patient: true,
      store: secretStore({
        ...{ cluster, configuration, ...secret },
        unusable: (entry, found) =>
          log.warn({ entry, found }, 'certificate authority cannot be used, ignoring'),
      }),
    },
    watchOwn: (look) => watchOwnObjects({ cluster, secret, configuration, log, look }),
  }
}

function refuse(args: Arguments, option: string, why: string): void {
  if (args.has(option)) throw usage(`--${option} with --live`, 'one of them', why, 'webhook')
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Null: this is no pod. */
function ownNamespace(): string | null {
  const told = process.env['POD_NAMESPACE'] ?? ''
  if (told !== '') return told
  try {
    return readFileSync(join(serviceAccount, 'namespace'), 'utf8').trim()
  } catch {
    return null
  }
}

function secretOf(args: Arguments, own: string | null): { namespace: string; name: string } {
  const words = args.value('secret')
  const [, namespace = own, name = 'underpin-webhook-certificate'] =
    words === undefined ? [] : (/^([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(words) ?? ['', null, ''])
  if (namespace !== null && name !== '') return { namespace, name }
  throw usage(
    words === undefined ? 'no --secret, and no POD_NAMESPACE' : `--secret ${words}`,
    'NAMESPACE/NAME',
    'for example --secret underpin/underpin-webhook-certificate',
    'webhook',
  )
}
