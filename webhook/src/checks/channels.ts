// SPDX-License-Identifier: Apache-2.0
// Channels that a TCP redirect does not see, as far as the manifest tells of them: UDP and SCTP ports,
// resolvers of its own, further network interfaces, sandboxed runtimes. Risks, not verdicts.

import { fields, isTrue, list, number, text } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { called, type Check, type CheckInput } from './check.ts'

const networks = 'k8s.v1.cni.cncf.io/networks'

/** What the injectors themselves write there, for their own CNI plugins. */
const pluginNetworks = [
  'istio-cni',
  'default/istio-cni',
  'linkerd-cni',
  'kuma-cni',
  '[{ "name":"consul-cni" }]',
]

export const channels: Check = {
  question: 'Does the manifest tell of traffic that a TCP redirect does not see?',
  source: 'iptables redirects of the sidecars: TCP of the pod network only',
  find,
}

function find({ subject, own, reserved }: CheckInput): Hit[] {
  const { spec, prefix, containers, annotations } = subject.pod
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
      } else if (reserved.has(value)) {
        hits.push({
          id: 'reserved-ports',
          path: `${path}.containerPort`,
          message: `${called(container)} serves port ${value}, which the mesh never captures`,
        })
      }
    }
  }
  const dns = text(spec, 'dnsPolicy')
  if (dns === 'None' || (dns === 'Default' && !isTrue(spec, 'hostNetwork'))) {
    hits.push({
      id: 'dns-exfil',
      path: `${prefix}spec.dnsPolicy`,
      message: `dnsPolicy ${dns} asks resolvers outside the cluster, past the sidecar`,
    })
  }
  const extra = (annotations.get(networks) ?? '')
    .split(',')
    .filter((one) => !['', ...pluginNetworks].includes(one.trim()))
  if (extra.length > 0) {
    hits.push({
      id: 'secondary-network',
      path: `${prefix}metadata.annotations[${networks}]`,
      message: `the pod has a further network interface (${extra.join(', ').slice(0, 80)}) that is not redirected`,
    })
  }
  if (text(fields(spec), 'runtimeClassName') !== undefined) {
    hits.push({
      id: 'sandbox-runtime',
      path: `${prefix}spec.runtimeClassName`,
      message: `the runtime class "${text(spec, 'runtimeClassName') ?? ''}" may not honour the redirect`,
    })
  }
  return hits
}
