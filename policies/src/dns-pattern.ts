// SPDX-License-Identifier: Apache-2.0
// Names of hosts in rules: a name, or `*.` and a domain for every name below it, however many labels it has more. The
// domain itself is not below itself. As the network policies of Kubernetes that know names take it (network-policy-api, NPEP-133).
export type DnsPattern = {
  kind: 'exact' | 'below'
  /** Lower case, without "*." and without a dot at its end. */
  name: string
}

/** Labels of the domain after "*.": the kernel keeps the hash of so many. */
export const maxDomainLabels = 8

/** For patterns of a loaded policy. */
export function parseDnsPattern(text: string): DnsPattern {
  return text.startsWith('*.')
    ? { kind: 'below', name: text.slice(2) }
    : { kind: 'exact', name: text }
}

/** `name` as a resolver was asked for it. */
export function dnsMatches({ kind, name: wanted }: DnsPattern, name: string): boolean {
  const asked = name.toLowerCase().replace(/\.$/, '')
  return kind === 'exact' ? asked === wanted : asked.endsWith(`.${wanted}`)
}
