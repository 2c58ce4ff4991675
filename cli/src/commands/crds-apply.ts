// SPDX-License-Identifier: Apache-2.0
// underpin crds apply: brings the cluster's custom resources up to this version. The chart runs it before the controller.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDocuments } from '../../../policies/src/index.ts'
import {
  openCluster,
  UnderpinError,
  type Cluster,
  type ClusterAnswer,
} from '../../../runtime/src/index.ts'
import type { Arguments, Command } from '../command.ts'
import { upgraded, versionAnnotation, type Definition, type Owner } from '../custom-resources.ts'
import { crdsFolder } from '../installation.ts'
import { clusterOf } from '../scan-options.ts'
import type { Screen } from '../screen.ts'

export const crdsApply: Command = {
  about:
    'Replaces RuntimePolicy, ClusterRuntimePolicy and CoveragePolicy as the API server knows them by those of this version,\n' +
    'since Helm installs them once and never again. Those of a newer version are left alone. Policies stay as they are.',
  options: [
    {
      name: 'owner',
      value: 'CLUSTERROLE',
      help: 'remove them, and all policies, together with this ClusterRole (without: they stay)',
    },
    { name: 'kubeconfig', value: 'FILE', help: 'instead of the pod’s service account' },
    { name: 'context', value: 'NAME', help: 'of the kubeconfig, instead of its current one' },
  ],
  examples: [
    ['underpin crds apply', 'as the chart does before the controller starts'],
    ['underpin crds apply --kubeconfig ~/.kube/config', 'by hand, after an upgrade of the chart'],
  ],
  exits: [
    [0, 'they are of this version, or of a newer one'],
    [3, 'the API server could not be asked, or refused'],
  ],
  run,
}

const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const attempts = 5

async function run(args: Arguments, screen: Screen): Promise<number> {
  const cluster = await openCluster(clusterOf(args))
  const owner = await ownerOf(cluster, args.value('owner'))
  for (const ours of definitions()) {
    const { name } = ours.metadata
    screen.note(`${name}: ${await applied(cluster, ours, owner)}`)
  }
  return 0
}

async function applied(cluster: Cluster, ours: Definition, owner: Owner | null): Promise<string> {
  const one = `${path}/${ours.metadata.name}`
  for (let attempt = 1; ; attempt++) {
    const found = await cluster.get(one)
    if (found.status !== 200) throw refused('read', ours, found)
    const wanted = upgraded(found.body as Definition, ours, owner)
    if (wanted === 'current') return 'current'
    if (wanted === 'newer') return 'of a newer version, left alone'
    const written = await cluster.send({ method: 'PUT', path: one, body: wanted })
    if (written.status === 200)
      return `now of ${ours.metadata.annotations?.[versionAnnotation] ?? 'this version'}`
    // Somebody else wrote meanwhile: the API server itself keeps conditions in it.
    if (written.status !== 409 || attempt === attempts) throw refused('write', ours, written)
  }
}

function definitions(): Definition[] {
  const folder = crdsFolder()
  return (
    readdirSync(folder)
      .filter((name) => name.endsWith('.gen.yaml'))
      .flatMap((name) => parseDocuments(readFileSync(join(folder, name), 'utf8')))
      .map(({ value }) => value as Definition)
      // Those of reports are shared with other programs, and nobody's to change.
      .filter(({ spec }) => spec['group'] === 'underpin.dev')
  )
}

async function ownerOf(cluster: Cluster, name: string | undefined): Promise<Owner | null> {
  if (name === undefined) return null
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  const answer = await cluster.get(`/apis/${apiVersion}/clusterroles/${encodeURIComponent(name)}`)
  const { uid } = (answer.body as { metadata?: { uid?: string } }).metadata ?? {}
  if (answer.status === 200 && uid !== undefined)
    return { apiVersion, kind: 'ClusterRole', name, uid }
  throw new UnderpinError('incomplete', {
    operation: 'find the owner of the custom resources',
    object: `ClusterRole ${name}`,
    found: `status ${answer.status}`,
    expected: 'a ClusterRole that may be read',
    remedy: 'leave --owner out to keep custom resources',
  })
}

function refused(
  verb: string,
  { metadata }: Definition,
  { status, body }: ClusterAnswer,
): UnderpinError {
  const { message = '' } = (body ?? {}) as { message?: string }
  return new UnderpinError('incomplete', {
    operation: `${verb} a custom resource`,
    object: metadata.name,
    found: `status ${status}${message && `: ${message}`}`,
    expected: 'it to be there and changeable',
    remedy:
      status === 404
        ? 'install it first: helm show crds CHART | kubectl apply --server-side -f -'
        : 'allow get and update of it',
  })
}
