// SPDX-License-Identifier: Apache-2.0
// Everything in a cluster that stands around its workloads: namespaces, webhook configurations, and what the
// meshes keep there. Read whole, before anything is judged.

import type { Cluster } from '../../../runtime/src/index.ts'
import { isWanted, type Wanted } from '../cluster-objects.ts'
import { fields, type Fields } from '../fields.ts'
import type { Manifest, Unread } from '../manifests.ts'
import { meshes } from '../meshes/index.ts'
import { wantedOf } from '../meshes/resolve-settings.ts'
import { sorted, type ScanInput } from '../scan-input.ts'
import { knowledgeOf, type ScanKnowledge } from '../scan-knowledge.ts'
import type { ScanOptions } from '../scan.ts'
import { Reader, type ReaderOptions } from './reader.ts'
import {
  groupsOf,
  servedResources,
  wantedResources,
  type Resource,
  type Served,
} from './resources.ts'

export type AroundOptions = ScanOptions &
  ReaderOptions & {
    cluster: Cluster
    /** Manifests of files: known besides the objects of the cluster. */
    manifests?: readonly Manifest[]
  }

export type Surroundings = Omit<ScanKnowledge, 'problems'> & {
  served: Served
  reader: Reader
  /** Its subjects are those of the files only. */
  input: ScanInput
  /** Grows while more is read. */
  unread: Unread[]
  /** Objects that were read so far. */
  count: number
}

export async function lookAround(options: AroundOptions): Promise<Surroundings> {
  const { cluster, namespace } = options
  const unread: Unread[] = []
  const tell = (what: string, why: string) =>
    unread.push({ file: '(cluster)', line: null, message: `${what}: ${why}` })
  const wanted = wantedOf([...meshes, ...(options.profiles ?? [])])
  const served = await servedResources(cluster, groupsOf(wanted, options.templates))
  for (const { group, message } of served.failed) tell(`resources of ${group || 'v1'}`, message)
  const reader = new Reader(options, tell)
  const around = await readAround(reader, served, wanted, namespace)
  const given = (options.manifests ?? []).filter(({ object }) => typeof object.kind === 'string')
  const known = sorted([...around.objects.map(manifestOf), ...given], options)
  const own = new Set(given)
  // What a mesh consists of was read as well; as workloads they are read later, like all others.
  const subjects = known.subjects.filter(({ manifest }) => own.has(manifest))
  const input = { ...known, subjects }
  const { problems, ...rest } = knowledgeOf(input, { ...options, complete: around.complete })
  for (const { path, found, expected } of problems)
    tell('mesh settings', `${path}: found ${found}, expected ${expected}`)
  unread.push(...input.unread)
  return { ...rest, served, reader, input, unread, count: around.objects.length + given.length }
}

type Around = { objects: Fields[]; complete: Set<string> }

/** Namespaces, webhook configurations and what the meshes keep in the cluster. */
async function readAround(
  reader: Reader,
  served: Served,
  wanted: readonly Wanted[],
  namespace: string | undefined,
): Promise<Around> {
  const around: Around = { objects: [], complete: new Set() }
  const isNeeded = (object: unknown) => isWanted(object, wanted)
  const namespaces: Resource = {
    ...{ group: '', version: 'v1', resource: 'namespaces', kind: 'Namespace' },
    namespaced: false,
  }
  const select = namespace === undefined ? {} : { fieldSelector: `metadata.name=${namespace}` }
  await reader.each(namespaces, (object) => void around.objects.push(object), select)
  for (const { resource, names } of wantedResources(served, wanted)) {
    if (resource.kind === 'Namespace') continue
    const exact = names?.every((name) => !name.endsWith('*')) === true && names.length <= 20
    const selects = exact ? names.map((name) => ({ fieldSelector: `metadata.name=${name}` })) : [{}]
    let whole = true
    for (const select of selects) {
      // All namespaces, whichever is looked at: a mesh keeps its own in a namespace of its own.
      const take = (object: Fields) => {
        if (isNeeded(object)) around.objects.push(withoutFiller(object))
      }
      whole = (await reader.each(resource, take, { ...select, everywhere: true })) && whole
    }
    if (whole) around.complete.add(resource.kind)
  }
  return around
}

/** What nobody asks for is not kept: managed fields are often half of an object. */
function withoutFiller(object: Fields): Fields {
  const metadata = { ...fields(object, 'metadata'), managedFields: undefined }
  return { ...object, metadata }
}

/** Not from a file: findings about it have no place. */
export const manifestOf = (object: Fields): Manifest => ({
  object,
  file: '(cluster)',
  placeOf: () => null,
})
