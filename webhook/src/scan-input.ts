// SPDX-License-Identifier: Apache-2.0
// Sorts what a scan is given: workloads to judge, and everything that is known of the cluster around them.

import { isCoverage, load, type LoadedCoverage } from '../../policies/src/index.ts'
import { catalogue } from './catalogue.ts'
import { groupOf } from './cluster-objects.ts'
import { fields, list, text, texts, type Fields } from './fields.ts'
import { injectorsOf, type Injector } from './injectors.ts'
import type { Manifest, Unread } from './manifests.ts'
import { namespaceOf, type Namespace } from './namespace.ts'
import { subjectsOf, type Subject } from './subject.ts'
import type { TemplatePaths } from './template-paths.ts'

export type FoundSubject = { subject: Subject; manifest: Manifest }

export type ScanInput = {
  documents: number
  workloads: number
  subjects: FoundSubject[]
  namespaces: Map<string, Namespace>
  injectors: readonly Injector[]
  policies: LoadedCoverage[]
  /** Everything that is no workload, and the workloads that a mesh may consist of. */
  objects: Fields[]
  manifestOf: Map<Namespace | Fields, Manifest>
  unread: Unread[]
}

export function sorted(
  manifests: readonly Manifest[],
  options: {
    namespace?: string
    templates?: TemplatePaths
    policies?: readonly LoadedCoverage[]
  },
): ScanInput {
  const input: ScanInput = {
    documents: manifests.length,
    workloads: 0,
    subjects: [],
    namespaces: new Map(),
    injectors: [],
    policies: [...(options.policies ?? [])],
    objects: [],
    manifestOf: new Map(),
    unread: [],
  }
  const configurations = new Map<string, Injector[]>()
  // Of two objects of one name the last one counts, as when both are applied; workloads are judged each.
  const objects = new Map<string, Fields>()
  for (const manifest of manifests) {
    const { object } = manifest
    const kind = text(object, 'kind') ?? ''
    if (kind === '') continue
    if (kind === 'CoveragePolicy') {
      readPolicy(manifest, input)
      continue
    }
    objects.set(keyOf(object) ?? `#${objects.size}`, object)
    input.manifestOf.set(object, manifest)
    if (kind === 'Namespace') {
      const namespace = namespaceOf(object)
      input.namespaces.set(namespace.name, namespace)
      input.manifestOf.set(namespace, manifest)
    } else if (kind === 'MutatingWebhookConfiguration') {
      configurations.set(text(object, 'metadata', 'name') ?? '', injectorsOf(object))
    } else {
      const found = subjectsOf(object, options)
      if (found.length > 0) input.workloads += 1
      input.subjects.push(...found.map((subject) => ({ subject, manifest })))
    }
  }
  input.objects = [...objects.values()]
  // The API server calls them in the order of their configurations' names.
  const names = [...configurations.keys()].sort()
  input.injectors = names.flatMap((name) => configurations.get(name) ?? [])
  return input
}

/** Null: it has no name yet. */
function keyOf(object: Fields): string | null {
  const name = text(object, 'metadata', 'name')
  if (name === undefined) return null
  const group = groupOf(text(object, 'apiVersion') ?? '')
  return JSON.stringify([group, object.kind, text(object, 'metadata', 'namespace') ?? '', name])
}

/** A policy with problems is not used, and the result says that it is incomplete. */
function readPolicy({ object, file, placeOf }: Manifest, input: ScanInput): void {
  const line = placeOf('')?.line ?? null
  // A mesh that we do not know is a finding at each workload; a finding that there is none of forgives nothing.
  const known = { meshes: meshesOf(object), findings: Object.keys(catalogue) }
  const loaded = load([{ file, text: JSON.stringify(object) }], { known })
  for (const { path, message } of loaded.problems) {
    const name = text(fields(object, 'metadata'), 'name') ?? ''
    const words = `CoveragePolicy ${name}: ${path}: ${message}`
    input.unread.push({ file, line: placeOf(path)?.line ?? line, message: words })
  }
  if (loaded.problems.length > 0) return
  const read = loaded.policies.filter(isCoverage)
  input.policies.push(...read.map((one) => ({ ...one, file, line: line ?? 1 })))
}

function meshesOf(object: Fields): string[] {
  const classes = list(object, 'spec', 'namespaces')
  return [object, ...classes].flatMap((one) => [
    ...texts(one, 'meshes'),
    ...texts(one, 'spec', 'meshes'),
  ])
}
