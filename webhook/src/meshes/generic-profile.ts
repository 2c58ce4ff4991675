// SPDX-License-Identifier: Apache-2.0
// A mesh of the user's own as data: who injects, what asks for it, what the sidecar looks like, and how
// traffic is captured. YAML in, a profile or all of its problems out; meshes/generic.ts makes a mesh of it.

import { parseDocuments } from '../../../policies/src/index.ts'
import { isFields, type Fields } from '../fields.ts'
import { Reading, type ProfileProblem } from './profile-reading.ts'

export type { ProfileProblem } from './profile-reading.ts'

/** A label or annotation with the words for yes and for no; any other word is nothing. */
export type Ask = { in: 'label' | 'annotation'; key: string; on: string[]; off: string[] }

export type GenericProfile = {
  name: string
  title: string
  webhook: {
    /** Names of the webhook entries; a * stands for anything. */
    names: string[]
    failurePolicy: 'Fail' | 'Ignore'
    namespaceSelector: Fields
    objectSelector: Fields
  }
  inject: {
    namespace: Ask | null
    pod: Ask | null
    /** Without a word from either. */
    byDefault: boolean
    /** The pod's word counts against the namespace's no. */
    podBeatsNamespace: boolean
    skipsHostNetwork: boolean
    ignoredNamespaces: string[]
    /** A label or annotation that only the injector writes. */
    marker: { in: 'label' | 'annotation'; key: string } | null
  }
  sidecar: {
    containers: string[]
    images: string[]
    /** The arguments begin with these. */
    args: string[]
    ports: number[]
    user: number | null
    group: number | null
  }
  capture:
    | { by: 'init'; containers: string[]; images: string[] }
    | { by: 'cni'; annotation: string | null }
    | { by: 'none' }
  source: string
}

/** All problems at once; the profile is null when there is one. */
export function readProfile(source: string | Fields): {
  profile: GenericProfile | null
  problems: ProfileProblem[]
} {
  if (typeof source !== 'string') return profileOf(source)
  const documents = parseDocuments(source)
  const misprints = documents.flatMap((one) => one.misprints)
  if (misprints.length > 0) {
    const problems = misprints.map(({ complaint, path }) => ({
      path: path.join('.'),
      found: complaint.found,
      expected: complaint.expected,
    }))
    return { profile: null, problems }
  }
  const [document, second] = documents
  if (document === undefined || second !== undefined || !isFields(document.value)) {
    const found = `${documents.length} documents`
    return { profile: null, problems: [{ path: '', found, expected: 'one MeshProfile' }] }
  }
  return profileOf(document.value)
}

const where = ['label', 'annotation'] as const

function profileOf(object: Fields): {
  profile: GenericProfile | null
  problems: ProfileProblem[]
} {
  const top = new Reading(object, '')
  top.only([
    'apiVersion',
    'kind',
    'metadata',
    'name',
    'title',
    'webhook',
    'inject',
    'sidecar',
    'capture',
  ])
  top.oneOf('kind', ['MeshProfile'], 'MeshProfile')
  const name = top.child('metadata').text('name', '') || top.text('name', '')
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) {
    top.complain('name', name === '' ? 'no name' : `"${name}"`, 'small letters, digits and dashes')
  }
  const webhook = top.child('webhook')
  webhook.only(['names', 'failurePolicy', 'namespaceSelector', 'objectSelector'])
  const inject = top.child('inject')
  inject.only([
    ...['namespace', 'pod', 'default', 'podBeatsNamespace', 'skipsHostNetwork'],
    ...['ignoredNamespaces', 'marker'],
  ])
  const sidecar = top.child('sidecar')
  sidecar.only(['containers', 'images', 'args', 'ports', 'user', 'group'])
  const marker = inject.has('marker') ? inject.child('marker') : null
  marker?.only(['in', 'key'])
  const profile: GenericProfile = {
    name,
    title: top.text('title', name),
    webhook: {
      names: webhook.texts('names'),
      failurePolicy: webhook.oneOf('failurePolicy', ['Fail', 'Ignore'], 'Fail'),
      namespaceSelector: webhook.mapping('namespaceSelector'),
      objectSelector: webhook.mapping('objectSelector'),
    },
    inject: {
      namespace: askOf(inject, 'namespace'),
      pod: askOf(inject, 'pod'),
      byDefault: inject.flag('default', false),
      podBeatsNamespace: inject.flag('podBeatsNamespace', true),
      skipsHostNetwork: inject.flag('skipsHostNetwork', false),
      ignoredNamespaces: inject.texts('ignoredNamespaces'),
      marker:
        marker === null
          ? null
          : { in: marker.oneOf('in', where, 'annotation'), key: marker.needed('key') },
    },
    sidecar: {
      containers: sidecar.some('containers'),
      images: sidecar.some('images'),
      args: sidecar.texts('args'),
      ports: sidecar.numbers('ports'),
      user: sidecar.number('user'),
      group: sidecar.number('group'),
    },
    capture: captureOf(top.child('capture')),
    source: `profile ${name}, version 1`,
  }
  const { problems } = top
  return problems.length > 0 ? { profile: null, problems } : { profile, problems: [] }
}

function askOf(inject: Reading, key: 'namespace' | 'pod'): Ask | null {
  if (!inject.has(key)) return null
  const one = inject.child(key)
  one.only(['in', 'key', 'on', 'off'])
  return {
    in: one.oneOf('in', where, 'label'),
    key: one.needed('key'),
    on: one.texts('on'),
    off: one.texts('off'),
  }
}

function captureOf(capture: Reading): GenericProfile['capture'] {
  capture.only(['by', 'containers', 'images', 'annotation'])
  const by = capture.oneOf('by', ['init', 'cni', 'none'], 'none')
  if (by === 'none') return { by }
  if (by === 'cni') return { by, annotation: capture.text('annotation', '') || null }
  return { by, containers: capture.some('containers'), images: capture.texts('images') }
}
