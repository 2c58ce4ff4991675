// SPDX-License-Identifier: Apache-2.0
// The redirect leaves the proxy's own user (and group) alone, else the proxy would talk to itself.
// Any other container that runs as that user or group is left alone as well: it has no sidecar.

import { groupOf, identityPath, userOf } from '../containers.ts'
import { list, number } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { called, type Check, type CheckInput } from './check.ts'

export const identity: Check = {
  question: "Does a container run as the proxy's user or group, whose traffic is left alone?",
  source: 'netfilter owner match, as every redirect of a sidecar sets it up',
  find,
}

/** openshift/apiserver-library-go pkg/securitycontextconstraints: "FIRST/LENGTH" or "FIRST-LAST". */
const uidRange = 'openshift.io/sa.scc.uid-range'

/** Who names no user gets the first one of the range. */
function userOfRange({ annotations }: CheckInput['namespace']): number | null {
  const [, first] = /^(\d{1,10})[/-]\d+$/.exec(annotations.get(uidRange) ?? '') ?? []
  return first === undefined ? null : Number(first)
}

function find({ subject, namespace, exempt, own }: CheckInput): Hit[] {
  const { spec, prefix, containers } = subject.pod
  const hits: Hit[] = []
  const given = userOfRange(namespace)
  for (const container of containers.filter((one) => !own(one))) {
    const user = userOf(container, spec)
    if (user === undefined && given !== null && exempt.users.has(given)) {
      hits.push({
        id: container.kind === 'init' ? 'init-as-proxy-uid' : 'app-as-proxy-uid',
        path: `namespace.metadata.annotations[${uidRange}]`,
        message: `${called(container)} gets user ${given} by the range of its namespace, whose traffic is never redirected`,
      })
    }
    if (user !== undefined && exempt.users.has(user)) {
      const id =
        container.kind === 'init'
          ? 'init-as-proxy-uid'
          : [exempt.usual, exempt.alsoUsual].includes(user)
            ? 'app-as-proxy-uid'
            : 'proxy-uid-realigned'
      hits.push({
        id,
        path: identityPath(container, 'runAsUser', `${prefix}spec`),
        message: `${called(container)} runs as user ${user}, whose traffic is never redirected to the sidecar`,
      })
    }
    const group = groupOf(container, spec)
    if (group !== undefined && exempt.groups.has(group)) {
      hits.push({
        id: 'app-as-proxy-gid',
        path: identityPath(container, 'runAsGroup', `${prefix}spec`),
        message: `${called(container)} runs as group ${group}, whose traffic is never redirected to the sidecar`,
      })
    }
  }
  const security = `${prefix}spec.securityContext`
  const fsGroup = number(spec, 'securityContext', 'fsGroup')
  if (fsGroup !== undefined && exempt.groups.has(fsGroup)) {
    hits.push({
      id: 'fsgroup-proxy-gid',
      path: `${security}.fsGroup`,
      message: `files of the volumes belong to group ${fsGroup}, whose traffic is never redirected`,
    })
  }
  const supplemental = list(spec, 'securityContext', 'supplementalGroups')
  const shared = supplemental.findIndex((one) => typeof one === 'number' && exempt.groups.has(one))
  if (shared !== -1) {
    hits.push({
      id: 'fsgroup-proxy-gid',
      path: `${security}.supplementalGroups[${shared}]`,
      message: `every container is in group ${Number(supplemental[shared])}, whose traffic is never redirected`,
    })
  }
  return hits
}
