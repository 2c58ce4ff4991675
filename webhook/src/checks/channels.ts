// SPDX-License-Identifier: Apache-2.0
// Channels that a TCP redirect does not see, as far as the manifest tells of them: UDP and SCTP ports,
// resolvers of its own, sandboxed runtimes. Risks, not verdicts.

import { isTrue, list, number, text, texts, type Fields } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { called, type Check, type CheckInput } from './check.ts'

export const channels: Check = {
  question: 'Does the manifest tell of traffic that a TCP redirect does not see?',
  source: 'iptables redirects of the sidecars: TCP of the pod network only',
  find,
}

function find({ subject, own, reserved }: CheckInput): Hit[] {
  const { spec, prefix, containers } = subject.pod
  const hits: Hit[] = []
  for (const container of containers.filter((one) => !own(one))) {
    for (const [index, port] of list(container.fields, 'ports').entries()) {
      const path = `${container.path}.ports[${index}]`
      const protocol = text(port, 'protocol') ?? 'TCP'
      const value = number(port, 'containerPort') ?? 0
      if (protocol === 'UDP') {
        hits.push({
          id: 'udp-quic',
          path: `${path}.protocol`,
          message: `${called(container)} serves UDP port ${value}; the redirect is for TCP only`,
        })
      } else if (protocol === 'SCTP') {
        hits.push({
          id: 'icmp-sctp-raw',
          path: `${path}.protocol`,
          message: `${called(container)} serves SCTP port ${value}; the redirect is for TCP only`,
        })
      } else {
        const key = ['containerPort', 'hostPort'].find((one) =>
          reserved.has(number(port, one) ?? 0),
        )
        if (key === undefined) continue
        hits.push({
          id: 'reserved-ports',
          path: `${path}.${key}`,
          message: `${called(container)} serves port ${number(port, key) ?? 0}, which the mesh never captures`,
        })
      }
    }
  }
  hits.push(...resolvers(spec, `${prefix}spec`))
  const runtime = text(spec, 'runtimeClassName') ?? ''
  if (runtime !== '' && !plainRuntimes.includes(runtime)) {
    hits.push({
      id: 'sandbox-runtime',
      path: `${prefix}spec.runtimeClassName`,
      message: `the runtime class "${runtime.slice(0, 60)}" may not honour the redirect`,
    })
  }
  return hits
}

/** Containers of the node's own kernel, as without a class. */
const plainRuntimes = ['runc', 'crun', 'nvidia', 'nvidia-cdi', 'nvidia-legacy']

function resolvers(spec: Fields, path: string): Hit[] {
  const policy = text(spec, 'dnsPolicy')
  const hit = (place: string, message: string): Hit[] => [
    { id: 'dns-exfil', path: `${path}.${place}`, message },
  ]
  if (isTrue(spec, 'hostNetwork')) {
    // The policy for pods of the cluster's network counts there as "Default".
    return policy === 'ClusterFirstWithHostNet'
      ? []
      : hit('dnsPolicy', "the pod asks its node's resolvers, past the sidecar")
  }
  if (policy === 'None' || policy === 'Default') {
    return hit(
      'dnsPolicy',
      `dnsPolicy ${policy} asks resolvers outside the cluster, past the sidecar`,
    )
  }
  const [first] = texts(spec, 'dnsConfig', 'nameservers')
  return first === undefined
    ? []
    : hit('dnsConfig.nameservers', `the pod asks the resolver ${first.slice(0, 60)} as well`)
}
