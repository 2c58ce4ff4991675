// SPDX-License-Identifier: Apache-2.0
// What objects beside the workloads are compared with: who a workload is and which ports it has. Everything
// else of it is let go, so that a large cluster fits into memory.

import { field, type Fields } from '../fields.ts'
import type { Subject } from '../subject.ts'

export function slim(subject: Subject): Subject {
  const { apiVersion, kind, metadata } = subject.object
  const spec: Fields = {
    hostNetwork: field(subject.pod.spec, 'hostNetwork'),
    serviceAccountName: field(subject.pod.spec, 'serviceAccountName'),
  }
  return {
    ...subject,
    object: { apiVersion, kind, metadata },
    pod: {
      ...subject.pod,
      spec,
      containers: subject.pod.containers.map((one) => ({
        ...one,
        command: [],
        args: [],
        env: new Map(),
        security: {},
        fields: { name: one.name, ports: field(one.fields, 'ports') },
      })),
    },
  }
}
