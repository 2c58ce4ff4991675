// SPDX-License-Identifier: Apache-2.0
// Random MutatingWebhookConfigurations: every field that decides over a call, often absent, sometimes odd.
import { condition } from './expressions.ts'
import { selector, type Random } from './random.ts'
import type { Recorder } from './recorder.ts'

export type Configuration = { metadata: { name: string }; webhooks: Record<string, unknown>[] }

const operations = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT']
const groups = ['', 'apps', 'batch', 'autoscaling', 'example.test', 'policy']
const versions = ['v1', 'v1', 'v1beta1', 'v2']
const plain = ['pods', 'pods', 'pods', 'deployments', 'namespaces', 'widgets', 'gadgets', 'jobs']
const patterns = [
  ...plain,
  ...plain,
  'horizontalpodautoscalers',
  'services',
  'nodes',
  'clusterroles',
  'pods/exec',
  'pods/ephemeralcontainers',
  'pods/*',
  '*/status',
  '*/scale',
  'deployments/*',
  'widgets/status',
]

function rule(random: Random): Record<string, unknown> {
  const orAll = <T>(from: readonly T[], most: number, percent: number): (T | '*')[] =>
    random.chance(percent) ? ['*'] : [...new Set(random.some(from, most))]
  const resources = random.one([
    () => random.one([['*'], ['*/*'], ['*/*'], ['pods', 'pods/*']]),
    () => [random.one(patterns)],
    () => [...new Set(random.some(patterns, 4))],
    () => ['pods', 'pods/ephemeralcontainers', random.one(plain)],
  ])()
  return {
    operations: orAll(operations, 3, 40),
    apiGroups: orAll(groups, 3, 45),
    apiVersions: orAll(versions, 2, 40),
    resources: [...new Set(resources)],
    scope: random.one([undefined, undefined, '*', 'Namespaced', 'Cluster']),
  }
}

function webhook(random: Random, name: string, client: unknown, namespaces: readonly string[]) {
  return {
    name: `${name}.sidecar-injector.test`,
    clientConfig: client,
    rules: Array.from({ length: random.below(12) === 0 ? 0 : 1 + random.below(3) }, () =>
      rule(random),
    ),
    namespaceSelector: selector(random, namespaces),
    objectSelector: selector(random),
    matchConditions: random.chance(40)
      ? Array.from({ length: 1 + random.below(3) }, (_, at) => ({
          name: `condition-${at}`,
          expression: condition(random),
        }))
      : undefined,
    matchPolicy: random.one([undefined, 'Exact', 'Equivalent']),
    failurePolicy: random.one([undefined, 'Ignore', 'Ignore', 'Ignore', 'Fail']),
    reinvocationPolicy: random.one([undefined, 'Never', 'IfNeeded']),
    sideEffects: random.one(['None', 'NoneOnDryRun']),
    timeoutSeconds: random.one([undefined, 10, 30]),
    admissionReviewVersions: random.one([['v1'], ['v1', 'v1beta1']]),
  }
}

/** Names in which a character sorts before a dash, a dot or nothing. */
const names = ['a', 'a-b', 'a.b', 'a0', 'ab', 'b', 'istio', 'istio-x', 'istio.x', 'istio1', 'z-9']

export function configurations(
  random: Random,
  recorder: Recorder,
  namespaces: readonly string[],
  count: number,
): Configuration[] {
  return random
    .shuffled(names)
    .slice(0, count)
    .map((name) => ({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name },
      webhooks: random
        .some(['a', 'b', 'rev.namespace', 'z'], 4)
        .map((entry, at) => webhook(random, entry, recorder.client(`/${name}/${at}`), namespaces)),
    }))
}
