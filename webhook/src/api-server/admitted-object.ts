// SPDX-License-Identifier: Apache-2.0
// The metadata of an object as webhooks see it: a manifest may leave out its namespace and write empty labels, and the
// API server's objects have the one and never the other. The defaults of a spec are left to what is said as assumed.

import { field, isFields, marks, type Fields, type Marks } from '../fields.ts'

export function asAdmitted(object: unknown, namespace: string, labels: Marks | undefined): unknown {
  const metadata = field(object, 'metadata')
  if (!isFields(object) || !isFields(metadata)) return object
  const { labels: written, annotations, ...others } = metadata
  return {
    ...object,
    metadata: {
      ...others,
      ...(namespace === '' ? {} : { namespace }),
      ...unlessEmpty('labels', labels ?? marks({ written }, 'written')),
      ...unlessEmpty('annotations', marks({ annotations }, 'annotations')),
    },
  }
}

function unlessEmpty(name: string, found: Marks): Fields {
  return found.size === 0 ? {} : { [name]: Object.fromEntries(found) }
}
