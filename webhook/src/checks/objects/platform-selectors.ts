// SPDX-License-Identifier: Apache-2.0
// Selectors of an injector that the platform has added to: a namespace with the platform's label is then
// left out, whatever the mesh says. Managed clusters do so with webhooks that could reach their own pods.

import { objectNamed } from '../../cluster-objects.ts'
import { fields, list, text, type Fields } from '../../fields.ts'
import type { ObjectHit } from '../../meshes/mesh.ts'
import type { ObjectCheck } from './object-check.ts'

const kind = 'MutatingWebhookConfiguration'

/** Labels of platforms, by their beginning; "control-plane" is that of AKS's own namespaces. */
const platforms =
  /^(control-plane$|kubernetes\.azure\.com\/|cloud\.google\.com\/|eks\.amazonaws\.com\/)/

export const platformSelectors: ObjectCheck = {
  ofMesh: (mesh, { objects, injectors, settings, live }) => {
    if (!live) return []
    const charted = new Set(
      mesh
        .chartInjectors(settings)
        .flatMap(({ namespaceSelector }) => keysOf(fields(namespaceSelector))),
    )
    return injectors.flatMap((injector): ObjectHit[] => {
      const object = objectNamed(objects, kind, injector.configuration)
      if (object === null) return []
      const entries = list(object.object, 'webhooks')
      const at = entries.findIndex((one) => text(one, 'name') === injector.name)
      const added = keysOf(fields(entries[at], 'namespaceSelector')).filter(
        (key) => platforms.test(key) && !charted.has(key),
      )
      if (added.length === 0) return []
      const path = `webhooks[${at}].namespaceSelector`
      const message = `the platform leaves namespaces out of "${injector.name}" by their label ${added.join(', ').slice(0, 80)}`
      return [{ id: 'platform-rewrites-selector', path, message, object }]
    })
  },
}

export const isOfPlatform = (key: string): boolean => platforms.test(key)

export function keysOf(selector: Fields): string[] {
  return [
    ...Object.keys(fields(selector, 'matchLabels')),
    ...list(selector, 'matchExpressions').flatMap((one) => text(one, 'key') ?? []),
  ]
}
