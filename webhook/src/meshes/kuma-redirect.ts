// SPDX-License-Identifier: Apache-2.0
// Is the redirect whole in a finished pod? kuma-init gets it as flags, or as a YAML text in an annotation,
// which the CNI plugin reads as well. kumahq/kuma pkg/transparentproxy/kubernetes/kubernetes.go
// AsKumactlCommandLine, kubernetes_config.go ConfigFromAnnotations (2.5 to 2.14).

import type { FindingId } from '../catalogue.ts'
import type { Container } from '../containers.ts'
import { field, type Fields } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'
import { annotationPath, oneLine } from './annotation-rules.ts'
import { flagIn, flagsIn } from './command-flags.ts'
import { mappingIn } from './config-text.ts'
import { redirectConfig, reservedPorts } from './kuma-parts.ts'
import { forUsers } from './kuma-traffic.ts'
import { withoutIpv6 } from './pod-addresses.ts'

/** What the redirect was told, wherever that stands. */
export type Told = {
  /** The YAML of the annotation; null when it is not there or not readable. */
  config: Fields | null
  init: Container | undefined
}

export function toldOf({ pod }: Subject, init: Container | undefined): Told {
  const given =
    init !== undefined && flagIn(init.args, ['--config']) === null && init.args.length > 0
  // Flags and no --config: the annotation is not read by kuma-init.
  return { config: given ? null : mappingIn(pod.annotations.get(redirectConfig)), init }
}

type Hole = {
  flags: string[]
  at: string[]
  /** Tells of the same, so that it is said once. */
  annotation: string
  id: FindingId
  blinds: (values: readonly string[], own: ReadonlySet<number>) => boolean
}

const traffic = 'traffic.kuma.io'
const some = (values: readonly string[]) => values.length > 0
const foreignPort = (values: readonly string[], own: ReadonlySet<number>) =>
  values.some((one) => !own.has(Number(one)))

const holes: readonly Hole[] = [
  {
    flags: ['--exclude-outbound-ports'],
    at: ['redirect', 'outbound', 'excludePorts'],
    annotation: `${traffic}/exclude-outbound-ports`,
    id: 'kuma-exclusions',
    blinds: some,
  },
  {
    flags: ['--exclude-outbound-ips'],
    at: ['redirect', 'outbound', 'excludePortsForIPs'],
    annotation: `${traffic}/exclude-outbound-ips`,
    id: 'kuma-exclusions',
    blinds: some,
  },
  {
    flags: ['--exclude-outbound-ports-for-uids'],
    at: ['redirect', 'outbound', 'excludePortsForUIDs'],
    annotation: forUsers,
    id: 'kuma-exclusions',
    blinds: some,
  },
  {
    flags: ['--exclude-inbound-ports'],
    at: ['redirect', 'inbound', 'excludePorts'],
    annotation: `${traffic}/exclude-inbound-ports`,
    id: 'kuma-exclusions',
    blinds: foreignPort,
  },
  {
    flags: ['--exclude-inbound-ips'],
    at: ['redirect', 'inbound', 'excludePortsForIPs'],
    annotation: `${traffic}/exclude-inbound-ips`,
    id: 'kuma-exclusions',
    blinds: some,
  },
  {
    flags: ['--redirect-inbound'],
    at: ['redirect', 'inbound', 'enabled'],
    annotation: 'kuma.io/gateway',
    id: 'kuma-exclusions',
    blinds: (values) => values.includes('false'),
  },
  {
    flags: ['--redirect-outbound'],
    at: ['redirect', 'outbound', 'enabled'],
    annotation: '',
    id: 'capture-missing',
    blinds: (values) => values.includes('false'),
  },
  {
    flags: ['--dry-run'],
    at: ['dryRun'],
    annotation: '',
    id: 'capture-missing',
    blinds: (values) => values.includes('true'),
  },
  {
    flags: ['--ip-family-mode'],
    at: ['ipFamilyMode'],
    annotation: 'kuma.io/transparent-proxying-ip-family-mode',
    id: 'ipv6',
    blinds: (values) => values.includes('ipv4'),
  },
]

/** Holes that no annotation of the pod tells of. */
export function untoldHoles(subject: Subject, { config, init }: Told): Hit[] {
  const own = reservedPorts(subject)
  const elsewhere = init === undefined ? [] : [...otherFiles(subject, init), ...variables(init)]
  const told = holes.flatMap(({ flags, at, annotation, id, blinds }): Hit[] => {
    if (subject.pod.annotations.has(annotation)) return []
    if (id === 'ipv6' && withoutIpv6(subject)) return []
    const last = flagsIn(init?.args ?? [], flags).at(-1)
    if (init !== undefined && last !== undefined && blinds(valuesOf(last.value), own)) {
      const message = `"${init.name}" is started with ${flags[0] ?? ''} "${oneLine(last.value)}", which leaves traffic out`
      return [{ id, path: `${init.path}.args[${last.index}]`, message }]
    }
    const values = valuesOf(field(config, ...at))
    if (!blinds(values, own) || values.length === 0) return []
    const message = `the redirect is set up with ${at.join('.')} "${oneLine(values.join(','))}", which leaves traffic out`
    return [{ id, path: annotationPath(subject, redirectConfig), message }]
  })
  return [...told, ...elsewhere]
}

const base = '/tmp/transparent-proxy/base/config.yaml'
const custom = `${traffic}/transparent-proxy-configmap-name`

/** The injector names its own file, and one more when an annotation asks for a ConfigMap. */
function otherFiles({ pod }: Subject, init: Container): Hit[] {
  return flagsIn(init.args, ['--config', '--transparent-proxy-config'])
    .filter(({ value }) => value !== base && !pod.annotations.has(custom))
    .map(({ value, index }) => ({
      id: 'kuma-exclusions',
      path: `${init.path}.args[${index}]`,
      message: `"${init.name}" takes the redirect from "${oneLine(value)}", which the injector did not write`,
    }))
}

/** Every value of the redirect can be set by a variable as well, over the file. */
function variables(init: Container): Hit[] {
  return [...init.env.keys()]
    .filter((name) => name.startsWith('KUMA_TRANSPARENT_PROXY_'))
    .map((name) => ({
      id: 'kuma-exclusions',
      path: `${init.path}.env`,
      message: `the variable ${name} of "${init.name}" changes what is redirected`,
    }))
}

/** The user whose traffic is left alone, as the redirect was told. */
export function toldUser({ config, init }: Told): number | undefined {
  const flag = flagIn(init?.args ?? [], ['--kuma-dp-user', '--kuma-dp-uid'])
  const told = flag?.value ?? field(config, 'kumaDPUser')
  const user = typeof told === 'string' || typeof told === 'number' ? Number(told) : Number.NaN
  return Number.isInteger(user) && told !== '' ? user : undefined
}

/** A list of YAML, or a text with commas between its parts. */
function valuesOf(value: unknown): string[] {
  const all = Array.isArray(value) ? value : [value]
  return all
    .filter((one) => ['string', 'number', 'boolean'].includes(typeof one))
    .flatMap((one) => String(one).split(','))
    .flatMap((one) => one.trim() || [])
}
