// SPDX-License-Identifier: Apache-2.0
// The webhook configurations of a mesh: entries that let pods pass when the injector does not answer, and
// entries that are no longer called for pods at all.

import { objectNamed } from '../../cluster-objects.ts'
import { fields, list, text, texts, type Fields } from '../../fields.ts'
import type { Injector } from '../../injectors.ts'
import type { ObjectHit } from '../../meshes/mesh.ts'
import type { ObjectCheck } from './object-check.ts'
import { isOfPlatform, keysOf } from './platform-selectors.ts'

const kind = 'MutatingWebhookConfiguration'

export const injectorEntries: ObjectCheck = {
  ofMesh: (mesh, { objects, injectors, settings, live }) => {
    if (!live) return []
    const charted = mesh.chartInjectors(settings)
    return injectors.flatMap((injector): ObjectHit[] => {
      const object = objectNamed(objects, kind, injector.configuration)
      if (object === null) return []
      const at = list(object.object, 'webhooks').findIndex(
        (one) => text(one, 'name') === injector.name,
      )
      const path = `webhooks[${at}]`
      const hits: ObjectHit[] = []
      if (injector.failurePolicy === 'Ignore') {
        hits.push({
          id: 'failure-policy-ignore',
          path: `${path}.failurePolicy`,
          message: `pods pass without the ${mesh.title} sidecar whenever "${injector.name}" does not answer`,
          object,
        })
      }
      const why = changed(fields(list(object.object, 'webhooks')[at]), injector, charted)
      if (why !== null) {
        const { key, what, certain } = why
        const message = `the webhook entry "${injector.name}" ${what}`
        const hit = {
          id: 'injector-config-tampered',
          path: `${path}.${key}`,
          message,
          object,
        } as const
        hits.push(certain ? hit : { ...hit, effect: 'risk', severity: 'medium' })
      }
      return hits
    })
  },
}

/** `certain`: it takes no pod at all; else it takes fewer than the chart would, which somebody may have meant. */
type Change = { key: string; what: string; certain: boolean }

/** A name that only the API server gives, and what the chart of Istio writes into a revision that is set aside. */
const harmless = ['kubernetes.io/metadata.name', 'istio.io/deactivated']

function changed(entry: Fields, injector: Injector, charted: readonly Injector[]): Change | null {
  const { rules } = injector
  if (rules.length === 0)
    return { key: 'rules', what: 'has no rules, so it is called for nothing', certain: true }
  // Another mesh's injector may look at something else than pods.
  const wanted = charted.flatMap((one) => one.rules)
  const takes = rules.some(
    (rule) => wanted.length === 0 || wanted.some((one) => overlap(rule, one)),
  )
  if (!takes) {
    const what = 'is not asked about the objects that it changes'
    return { key: 'rules', what, certain: true }
  }
  if (text(entry, 'clientConfig', 'caBundle') === 'Cg==') {
    return {
      key: 'clientConfig.caBundle',
      what: 'has an empty authority, so every call fails',
      certain: true,
    }
  }
  if (list(entry, 'matchConditions').length > 0 && charted.every((one) => one.conditions === 0)) {
    const what = 'has match conditions that its chart does not have'
    return { key: 'matchConditions', what, certain: false }
  }
  for (const key of ['namespaceSelector', 'objectSelector'] as const) {
    const usual = new Set(charted.flatMap((one) => keysOf(fields(one[key]))))
    const more = keysOf(fields(entry, key)).filter(
      (one) => !usual.has(one) && !harmless.includes(one) && !isOfPlatform(one),
    )
    if (charted.length === 0 || more.length === 0) continue
    const what = `asks for ${more.join(', ').slice(0, 80)}, which its chart does not`
    return { key, what, certain: false }
  }
  return null
}

function overlap(one: unknown, other: unknown): boolean {
  const meet = (key: string) => {
    const [some, others] = [texts(one, key), texts(other, key)]
    return some.includes('*') || others.includes('*') || some.some((each) => others.includes(each))
  }
  return ['apiGroups', 'resources', 'operations'].every(meet)
}
