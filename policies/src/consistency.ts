// SPDX-License-Identifier: Apache-2.0
// What a shape cannot say: rules between fields. Runs on documents with other mistakes too, so that all are told at once.
import { readCidr, strictlyInside, formatNetwork } from './address.ts'
import { complain, isComplaint, shown } from './complaint.ts'
import { readDate } from './date.ts'
import type { Policy } from './policy.gen.ts'
import type { Mistake, Path } from './problem.ts'
import { at, everyValue, isFields, listAt, type Fields } from './walk.ts'

/** `today` (2030-03-31): exemptions that ended before are mistakes; left out, only evaluation heeds their end. */
export function consistencyMistakes(
  kind: Policy['kind'],
  document: unknown,
  today?: string,
): Mistake[] {
  const spec = at(document, 'spec')
  const mistakes = [...everyValue(spec, ['spec'])].flatMap(({ path, value }) =>
    isFields(value) ? [...exceptMistakes(value, path), ...operatorMistakes(value, path)] : [],
  )
  if (kind !== 'RuntimePolicy') mistakes.push(...namespaceMistakes(kind, document))
  if (kind === 'ClusterRuntimePolicy')
    mistakes.push(...scopeMistakes(spec), ...serviceMistakes(spec))
  if (kind === 'CoveragePolicy') mistakes.push(...coverageMistakes(spec, today))
  return mistakes
}

function namespaceMistakes(kind: string, document: unknown): Mistake[] {
  const namespace = at(document, 'metadata', 'namespace')
  if (namespace === undefined) return []
  const complaint = complain(
    `namespace ${shown(namespace)}`,
    `none: a ${kind} is cluster-wide`,
    'remove it',
  )
  return [{ path: ['metadata', 'namespace'], complaint }]
}

function exceptMistakes(peer: Fields, path: Path): Mistake[] {
  const holes = peer.except
  if (!Array.isArray(holes)) return []
  if (peer.cidr === undefined)
    return [
      {
        path: [...path, 'except'],
        at: 'name',
        complaint: complain('except without cidr', 'both', 'add cidr'),
      },
    ]
  const outer = typeof peer.cidr === 'string' ? readCidr(peer.cidr) : undefined
  if (!outer || isComplaint(outer)) return []
  return holes.flatMap((hole: unknown, i) => {
    const inner = typeof hole === 'string' ? readCidr(hole) : undefined
    if (!inner || isComplaint(inner) || strictlyInside(inner, outer)) return []
    const complaint = complain(
      shown(hole),
      `a network inside ${formatNetwork(outer)}`,
      'correct or remove it',
    )
    return [{ path: [...path, 'except', i], complaint }]
  })
}

function operatorMistakes(requirement: Fields, path: Path): Mistake[] {
  const { operator, values } = requirement
  if (path.at(-2) !== 'matchExpressions' || typeof operator !== 'string') return []
  const given = Array.isArray(values) && values.length > 0
  if ((operator === 'In' || operator === 'NotIn') && !given)
    return [
      {
        path,
        complaint: complain(`${operator} without values`, 'at least one value', 'add values'),
      },
    ]
  if ((operator === 'Exists' || operator === 'DoesNotExist') && given)
    return [
      {
        path: [...path, 'values'],
        at: 'name',
        complaint: complain(`values with ${operator}`, 'none', 'remove them, or write In or NotIn'),
      },
    ]
  return []
}

/** A policy of the whole cluster has no namespace of its own in which to look. */
function serviceMistakes(spec: unknown): Mistake[] {
  return [...everyValue(spec, ['spec'])].flatMap(({ path, value }) =>
    path.at(-1) === 'services' && isFields(value) && value.namespace === undefined
      ? [
          {
            path,
            complaint: complain(
              'a Service without its namespace',
              'both, in a policy of the whole cluster',
              'add namespace',
            ),
          },
        ]
      : [],
  )
}

const selectFields: Record<string, string[]> = {
  pod: ['namespaces', 'pods', 'containers', 'expression'],
  unmanaged: ['names', 'images', 'cgroups'],
  host: ['units', 'cgroups'],
}

function scopeMistakes(spec: unknown): Mistake[] {
  const scope = at(spec, 'scope')
  const allowed =
    typeof scope === 'string' && Object.hasOwn(selectFields, scope)
      ? selectFields[scope]
      : undefined
  if (!allowed || typeof scope !== 'string') return []
  const select = at(spec, 'select')
  const every = Object.values(selectFields).flat()
  const mistakes: Mistake[] = Object.keys(isFields(select) ? select : {})
    .filter((name) => every.includes(name) && !allowed.includes(name))
    .map((name) => ({
      path: ['spec', 'select', name],
      at: 'name',
      complaint: complain(
        `${name} with scope ${scope}`,
        `only ${allowed.join(', ')}`,
        'remove it, or change the scope',
      ),
    }))
  // Everything on the host must be asked for in words.
  if (scope === 'host' && at(select, 'units') === undefined && at(select, 'cgroups') === undefined)
    mistakes.push({
      path: ['spec', 'select'],
      complaint: complain(
        'a host policy that names no service',
        'units or cgroups',
        'write cgroups: ["/**"] for all of them',
      ),
    })
  return mistakes
}

function coverageMistakes(spec: unknown, today: string | undefined): Mistake[] {
  const mistakes = ['namespaces', 'checks'].flatMap((list) => repeatedNames(spec, list))
  for (const [i, one] of listAt(spec, 'exemptions').entries()) {
    const expires = at(one, 'expires')
    if (today === undefined || typeof expires !== 'string' || isComplaint(readDate(expires)))
      continue
    if (expires >= today) continue
    mistakes.push({
      path: ['spec', 'exemptions', i, 'expires'],
      complaint: complain(
        `an exemption that ended ${shown(expires)}`,
        `${today} or later`,
        'remove it, or have its owner extend it',
      ),
    })
  }
  return mistakes
}

function repeatedNames(spec: unknown, list: string): Mistake[] {
  const names = listAt(spec, list).map((one) => at(one, 'name'))
  return names.flatMap((name, i) =>
    typeof name === 'string' && names.indexOf(name) < i
      ? [
          {
            path: ['spec', list, i, 'name'],
            complaint: complain(`${shown(name)} a second time`, 'each name once', 'rename one'),
          },
        ]
      : [],
  )
}
