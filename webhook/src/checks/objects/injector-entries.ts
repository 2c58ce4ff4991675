// SPDX-License-Identifier: Apache-2.0
// The webhook configurations of a mesh: entries that let pods pass when the injector does not answer, and
// entries that are no longer called for pods at all.

import { objectNamed } from '../../cluster-objects.ts'
import { list, text } from '../../fields.ts'
import type { ObjectHit } from '../../meshes/mesh.ts'
import type { ObjectCheck } from './object-check.ts'

const kind = 'MutatingWebhookConfiguration'

export const injectorEntries: ObjectCheck = {
  ofMesh: (mesh, { objects, injectors, live }) => {
    if (!live) return []
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
      if (injector.rules.length === 0) {
        hits.push({
          id: 'injector-config-tampered',
          path: `${path}.rules`,
          message: `the webhook entry "${injector.name}" has no rules, so it is called for nothing`,
          object,
        })
      }
      return hits
    })
  },
}
