// SPDX-License-Identifier: Apache-2.0
// What is remembered changes nothing about what is found.
import { expect, it } from 'vitest'
import { isRuntime, load, type RuntimeLike } from '../../../policies/src/index.ts'
import { normaliseUid, type KnownPod } from '../identity/pods.ts'
import { noCompileMemory } from './compile.ts'
import { selecting } from './selecting.ts'

const policy = (name: string, app: string): RuntimeLike => {
  const document = {
    apiVersion: 'underpin.dev/v1alpha1',
    kind: 'RuntimePolicy',
    metadata: { name, namespace: 'shop' },
    spec: { select: { pods: { matchLabels: { app } } }, processes: [] },
  }
  const [found] = load([{ file: name, text: JSON.stringify(document) }]).policies.filter(isRuntime)
  if (!found) throw new Error('the policy is well-formed')
  return found
}
const pod = (digit: string, app: string): KnownPod => ({
  uid: normaliseUid(digit.repeat(32)) ?? '',
  name: digit,
  namespace: { name: 'shop' },
  manifest: { metadata: { name: digit, labels: { app } } },
})

it('policies and pods that come, go and change are found as by a first look', () => {
  const [a, b, c] = [policy('a', 'web'), policy('b', 'web'), policy('c', 'db')]
  const changed = policy('b', 'db')
  const [web, db] = [pod('1', 'web'), pod('2', 'db')]
  const memory = noCompileMemory()
  for (const [policies, pods] of [
    [[b, c], [web]],
    [
      [a, b, c],
      [web, db],
    ],
    [
      [a, changed, c],
      [web, db],
    ],
    [
      [{ ...a, line: 7 }, c],
      [db, pod('1', 'db')],
    ],
    [[], [web]],
    [[a, b], [web]],
  ] as const)
    expect(selecting(policies, pods, memory)).toEqual(selecting(policies, pods, noCompileMemory()))
})
