// SPDX-License-Identifier: Apache-2.0
// Text of policy files → policies, or every problem there is, in the order of files and lines. Reads no file itself.
import { complain, complaintText, shown } from './complaint.ts'
import { consistencyMistakes } from './consistency.ts'
import { readDocuments, type PlainDocument } from './document.ts'
import { enforceableMistakes } from './enforceable.ts'
import { nearest } from './nearest.ts'
import { knownNameMistakes, type KnownNames } from './known-names.ts'
import { keyOf, type Loaded } from './policy-key.ts'
import type { Policy } from './policy.gen.ts'
import { byPlace, pathText, problemAt, type Mistake, type Path, type Problem } from './problem.ts'
import { hasShape, kinds, shapeMistakes } from './shape.ts'
import { at, isFields } from './walk.ts'

export type PolicyText = { file: string; text: string }
export type LoadOptions = {
  /** What this build cannot enforce is a problem. */
  enforceable?: boolean
  /** A day such as 2030-03-31: exemptions that ended before are problems. */
  today?: string
  /** Left out: any name of a mesh and of a finding is taken. */
  known?: KnownNames
  /** What was found in the same texts before, with the same options; kept by the caller. Only what is used again stays. */
  memory?: LoadMemory
}
export type LoadMemory = Map<string, Found[]>

/** All that one document says by itself. */
type Found = {
  place: PlainDocument['place']
  key: string | undefined
  /** Where a second document of the same name would be told so. */
  named: PlainDocument['place']
  wrong: Problem[]
  policy: Policy | undefined
}
export type LoadResult = { policies: Loaded<Policy>[]; problems: Problem[] }

export const maxPolicies = 10_000

/** Use the policies only when there are no problems: half a set of policies has another meaning than the whole. */
export function load(texts: readonly PolicyText[], options: LoadOptions = {}): LoadResult {
  const policies: Loaded<Policy>[] = []
  const problems: Problem[] = []
  const first = new Map<string, string>()
  let count = 0
  const { memory } = options
  const earlier = new Map(memory)
  memory?.clear()
  for (const { file, text } of texts) {
    const name = `${file}\0${text}`
    const documents = earlier.get(name) ?? documentsOf(file, text, options)
    memory?.set(name, documents)
    for (const { place, key, named, wrong, policy } of documents) {
      if (++count > maxPolicies) {
        const complaint = complain('more policies', `at most ${maxPolicies}`, 'remove some')
        return {
          policies,
          problems: [...problems, problemAt(file, place, [], complaint)].sort(byPlace),
        }
      }
      problems.push(...wrong)
      const other = key === undefined ? undefined : first.get(key)
      if (key !== undefined && other !== undefined) problems.push(secondOf(file, named, key, other))
      else if (key !== undefined) first.set(key, `${file}:${place.line}`)
      if (policy !== undefined && other === undefined)
        policies.push({ policy, file, line: place.line, key: keyOf(policy) })
    }
  }
  return { policies, problems: problems.sort(byPlace) }
}

/** One object as an API server keeps it: it has no file, so its mistakes are told by field. */
export function loadObject(
  value: unknown,
  options: LoadOptions = {},
): { policy: Loaded<Policy>; problems: [] } | { policy: null; problems: string[] } {
  const mistakes = policyMistakes(value, options)
  if (mistakes.length > 0)
    return {
      policy: null,
      problems: mistakes.map(({ path, complaint }) =>
        [...(path.length > 0 ? [pathText(path)] : []), complaintText(complaint)].join(': '),
      ),
    }
  const policy = value as Policy // no mistake: it has the shape
  return { policy: { policy, file: 'cluster', line: 1, key: keyOf(policy) }, problems: [] }
}

function documentsOf(file: string, text: string, options: LoadOptions): Found[] {
  const found: Found[] = []
  for (const document of readDocuments(text)) {
    if (found.length > maxPolicies) break
    const wrong = documentProblems(file, document, options)
    const fine = wrong.length === 0 && document.value !== undefined
    const key = nameOf(document.value)
    found.push({
      place: document.place,
      key,
      named: key === undefined ? document.place : document.placeOf(namePath),
      wrong,
      policy: fine ? (document.value as Policy) : undefined, // no problem: it has the shape
    })
  }
  return found
}

function documentProblems(file: string, document: PlainDocument, options: LoadOptions): Problem[] {
  const problems = document.misprints.map(({ path, place, complaint }) =>
    problemAt(file, place, path, complaint),
  )
  const { value } = document
  if (value === undefined) return problems
  const mistakes = policyMistakes(value, options)
  return [
    ...problems,
    ...mistakes.map(({ path, complaint, at: which }) =>
      problemAt(file, document.placeOf(path, which), path, complaint),
    ),
  ]
}

function policyMistakes(value: unknown, { enforceable, today, known }: LoadOptions): Mistake[] {
  const kind = kinds.find((one) => one === at(value, 'kind'))
  if (!kind) return [kindMistake(value)]
  return [
    ...(hasShape(kind, value) ? [] : shapeMistakes(kind, value)),
    ...consistencyMistakes(kind, value, today),
    ...(known && kind === 'CoveragePolicy' ? knownNameMistakes(value, known) : []),
    ...(enforceable && kind !== 'CoveragePolicy' ? enforceableMistakes(at(value, 'spec')) : []),
  ]
}

function kindMistake(value: unknown): Mistake {
  const expected = `kind ${kinds.slice(0, -1).join(', ')} or ${String(kinds.at(-1))}`
  if (!isFields(value))
    return {
      path: [],
      complaint: complain(
        'a document without fields',
        expected,
        'begin it with apiVersion: underpin.dev/v1alpha1',
      ),
    }
  const kind = at(value, 'kind')
  if (typeof kind !== 'string')
    return { path: [], complaint: complain('no kind', expected, 'add one') }
  const meant = nearest(kind, kinds)
  const remedy = meant
    ? `write ${meant}`
    : kind === 'List'
      ? 'write its items as documents of their own'
      : 'keep other objects elsewhere'
  return { path: ['kind'], complaint: complain(`kind ${shown(kind)}`, expected, remedy) }
}

const namePath: Path = ['metadata', 'name']

/** The key of a document that may have other mistakes. */
function nameOf(value: unknown): string | undefined {
  const kind = kinds.find((one) => one === at(value, 'kind'))
  const name = at(value, ...namePath)
  const namespace = at(value, 'metadata', 'namespace') ?? 'default'
  if (!kind || typeof name !== 'string' || typeof namespace !== 'string') return undefined
  return kind === 'RuntimePolicy' ? `${kind}/${namespace}/${name}` : `${kind}/${name}`
}

function secondOf(
  file: string,
  place: PlainDocument['place'],
  key: string,
  other: string,
): Problem {
  const complaint = complain(
    `${shown(key)} a second time`,
    'each policy once',
    `rename it; the first is at ${other}`,
  )
  return problemAt(file, place, namePath, complaint)
}
