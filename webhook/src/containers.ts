// SPDX-License-Identifier: Apache-2.0
// The only place that knows a pod has three lists of containers, so that no rule can forget one.
// A native sidecar is an init container that restarts always: it runs for as long as the pod.

import { field, fields, isFields, list, number, text, texts, type Fields } from './fields.ts'

export type Container = {
  name: string
  image: string
  kind: 'init' | 'native' | 'regular' | 'ephemeral'
  /** Place among the containers of the same list; init containers start in this order. */
  index: number
  /** Field path: spec.template.spec.initContainers[0]. */
  path: string
  command: readonly string[]
  args: readonly string[]
  env: ReadonlyMap<string, string>
  security: Fields
  fields: Fields
}

const lists = [
  { key: 'initContainers', kind: 'init' },
  { key: 'containers', kind: 'regular' },
  { key: 'ephemeralContainers', kind: 'ephemeral' },
] as const

export function containersOf(spec: Fields, specPath: string): Container[] {
  return lists.flatMap(({ key, kind }) =>
    list(spec, key).flatMap((item, index) =>
      isFields(item) ? [containerOf(item, kind, index, `${specPath}.${key}[${index}]`)] : [],
    ),
  )
}

function containerOf(
  item: Fields,
  kind: 'init' | 'regular' | 'ephemeral',
  index: number,
  path: string,
): Container {
  const native = kind === 'init' && text(item, 'restartPolicy') === 'Always'
  return new OneContainer(item, native ? 'native' : kind, index, path)
}

/** A class for its getter: often there are a hundred variables, and few rules ask for any. */
class OneContainer implements Container {
  readonly name: string
  readonly image: string
  readonly kind: Container['kind']
  readonly index: number
  readonly path: string
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly security: Fields
  readonly fields: Fields
  #env: ReadonlyMap<string, string> | null = null

  constructor(item: Fields, kind: Container['kind'], index: number, path: string) {
    this.name = text(item, 'name') ?? ''
    this.image = text(item, 'image') ?? ''
    this.kind = kind
    this.index = index
    this.path = path
    this.command = texts(item, 'command')
    this.args = texts(item, 'args')
    this.security = fields(item, 'securityContext')
    this.fields = item
  }

  get env(): ReadonlyMap<string, string> {
    return (this.#env ??= envOf(this.fields))
  }
}

function envOf(item: Fields): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const one of list(item, 'env')) {
    const name = text(one, 'name')
    if (name !== undefined) found.set(name, text(one, 'value') ?? '')
  }
  return found
}

/** Runs for as long as the pod does, so it can be a sidecar. */
export function staysUp(container: Container): boolean {
  return container.kind === 'regular' || container.kind === 'native'
}

/** The user a container starts as: its own setting, else the pod's, else unknown (the image decides). */
export function userOf(container: Container, spec: Fields): number | undefined {
  return number(container.security, 'runAsUser') ?? number(spec, 'securityContext', 'runAsUser')
}

export function groupOf(container: Container, spec: Fields): number | undefined {
  return number(container.security, 'runAsGroup') ?? number(spec, 'securityContext', 'runAsGroup')
}

/** Where the user or group is set, for a finding's path. */
export function identityPath(container: Container, key: string, specPath: string): string {
  return field(container.security, key) === undefined
    ? `${specPath}.securityContext.${key}`
    : `${container.path}.securityContext.${key}`
}
