// SPDX-License-Identifier: Apache-2.0
// A mesh's own Deployment tells its version by its image, and its configuration by its environment and its
// arguments.

import {
  objectNamed,
  ofKind,
  type ClusterObject,
  type ClusterObjects,
  type Wanted,
} from '../cluster-objects.ts'
import { list, text, texts } from '../fields.ts'

const named = (group: string, resource: string, kind: string) => {
  return (...names: readonly string[]): Wanted => ({ group, version: 'v1', resource, kind, names })
}

/** Of these names; one that ends in * is the beginning of names. */
export const deployments = named('apps', 'deployments', 'Deployment')
export const daemonSets = named('apps', 'daemonsets', 'DaemonSet')
export const configMaps = named('', 'configmaps', 'ConfigMap')

export type ControlPlane = {
  object: ClusterObject
  namespace: string
  /** Major and minor of the image's tag, if it has any. */
  version: string | undefined
  /** Of all containers together; the first one that has a variable counts. */
  env: ReadonlyMap<string, string>
  /** Command and arguments of all containers. */
  args: readonly string[]
}

export function controlPlane(
  objects: ClusterObjects,
  isNamed: (name: string) => boolean,
): ControlPlane | null {
  const object = ofKind(objects, 'Deployment').find(({ name }) => isNamed(name))
  if (object === undefined) return null
  const containers = list(object.object, 'spec', 'template', 'spec', 'containers')
  const image = text(containers[0], 'image') ?? ''
  const env = containers.flatMap((container) =>
    list(container, 'env').flatMap((one): [string, string][] => {
      const name = text(one, 'name')
      return name === undefined ? [] : [[name, text(one, 'value') ?? '']]
    }),
  )
  return {
    object,
    namespace: object.namespace,
    version: /:v?(\d+\.\d+[^@]*)/.exec(image)?.[1],
    env: new Map(env.toReversed()),
    // A shell script as an argument has its flags on lines of their own.
    args: containers
      .flatMap((one) => [...texts(one, 'command'), ...texts(one, 'args')])
      .flatMap((one) => one.split(/[\s\\]+/))
      .filter((one) => one !== ''),
  }
}

/** Text of one entry of a ConfigMap, whatever its name ends in. */
export function configText(
  objects: ClusterObjects,
  names: readonly string[],
  key: string,
): string | undefined {
  const map = names
    .map((name) => objectNamed(objects, 'ConfigMap', name))
    .find((one) => one !== null)
  return text(map?.object, 'data', key)
}

export function flagOf(value: string | undefined): boolean | undefined {
  return value === 'true' ? true : value === 'false' ? false : undefined
}

/** Leaves out what is not known, so that a setting given by name is not hidden. */
export function known<T extends object>(settings: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(settings).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> }
}
