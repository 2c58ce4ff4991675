// SPDX-License-Identifier: Apache-2.0
// The finished pod: is its envoy the one that Open Service Mesh injects, and is the redirect that osm-init sets up
// whole? Its rules are in the script that it runs. openservicemesh/osm pkg/injector/{envoy_container,init_container,
// iptables,exclusions,patch}.go (1.0 to 1.2).

import type { CheckInput } from '../checks/check.ts'
import type { Container } from '../containers.ts'
import { number } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'
import { annotationHits, notEmpty, oneLine, type AnnotationRule } from './annotation-rules.ts'
import type { MeshInput } from './mesh.ts'
import {
  isOsmImage,
  isOsmOwn,
  isOsmProxy,
  osmNames,
  osmSidecars,
  reservedPorts,
  usualUser,
} from './osm-parts.ts'
import type { OsmSettings } from './osm-settings.ts'
import { sound, type Rule } from './rule.ts'
import { aheadOf, initsBefore, oneStaysUp, whileUp } from './usual-rules.ts'

type Input = MeshInput<OsmSettings>

const source =
  'openservicemesh/osm pkg/injector/envoy_container.go, init_container.go and iptables.go, 1.0 to 1.2'
const lists = 'openservicemesh/osm pkg/injector/exclusions.go, 1.0 to 1.2'

const rules: readonly AnnotationRule[] = (
  [
    ['inbound-port-exclusion-list', 'connections to these ports reach the application directly'],
    ['outbound-port-exclusion-list', 'connections to these ports are not redirected'],
    ['outbound-ip-range-exclusion-list', 'connections to these addresses are not redirected'],
    ['outbound-ip-range-inclusion-list', 'connections to all other addresses are not redirected'],
  ] as const
).map(([name, what]) => ({
  key: `openservicemesh.io/${name}`,
  id: 'osm-appmesh-exclusions',
  blinds: notEmpty,
  what,
}))

export const osmVerification: readonly Rule<OsmSettings>[] = [
  oneStaysUp(osmSidecars, source),
  sound(
    'Is the sidecar the one that Open Service Mesh injects, by image, command and arguments?',
    source,
    whileUp(osmSidecars, foreignProxy),
  ),
  sound(
    'Is everything captured, as annotations say?',
    lists,
    whileUp(osmSidecars, (_proxy, input) => annotationHits(input.subject, rules)),
  ),
  sound(
    'Is the redirect set up, whole, and before every other init container?',
    source,
    whileUp(osmSidecars, (_proxy, input) => redirect(input)),
  ),
]

export const osmForesight: readonly Rule<OsmSettings>[] = [
  sound('Is everything captured, as annotations say?', lists, ({ subject }) =>
    annotationHits(subject, rules),
  ),
  initsBefore({
    source: 'openservicemesh/osm pkg/injector/patch.go (osm-init is appended), 1.0 to 1.2',
    redirect: 'osm-init',
    comesFirst: () => null,
  }),
]

function foreignProxy(proxy: Container, { settings }: Input): Hit[] {
  if (isOsmProxy(proxy, settings)) return []
  const image = isOsmImage(proxy, settings)
  const message = image
    ? 'the container "envoy" is not started with the configuration that the injector gives it'
    : `the container "envoy" runs "${proxy.image.slice(0, 100)}", which is no image of the mesh's proxy`
  return [{ id: 'fake-sidecar-name', path: `${proxy.path}.${image ? 'args' : 'image'}`, message }]
}

function redirect({ subject, settings }: Input): Hit[] {
  const { containers, prefix } = subject.pod
  const init = containers.find((one) => one.name === 'osm-init' && one.kind === 'init')
  const missing = (path: string, message: string): Hit => ({ id: 'capture-missing', path, message })
  if (init === undefined) {
    return [
      missing(`${prefix}spec.initContainers`, 'the pod has no osm-init: nothing is redirected'),
    ]
  }
  const script = init.args[1] ?? ''
  const isNamed = (one: Container) => osmNames.includes(one.name)
  const ahead = aheadOf(init, subject, isNamed, false)
  if (!isOsmImage(init, settings)) {
    const message = `the init container "osm-init" runs "${init.image.slice(0, 100)}" and not the mesh's own program`
    return [missing(`${init.path}.image`, message), ...ahead]
  }
  const [flag, ...more] = init.args
  const plain = init.command.join(' ') === '/bin/sh' && flag === '-c' && more.length === 1
  const whole = plain && redirects(script)
  if (!whole) {
    const message = 'the init container "osm-init" does not redirect both directions to the proxy'
    return [missing(`${init.path}.args`, message), ...ahead]
  }
  return [...untoldHoles(subject, init, script), ...ahead]
}

/** Lines of the script, of either form: commands one after the other, or rules that are restored at once. */
function linesOf(script: string): string[] {
  return script
    .split(/\n|&&/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

const known = [
  /^iptables -t nat -[AIN] [^;|`]+$/,
  /^iptables-restore --noflush <<-?'?EOF'?$/,
  /^-[AI] \S+ [^;|`]+$/,
  /^:\S+ - \[0:0\]$/,
  /^(\*nat|COMMIT|EOF)$/,
]

/** Both of iptables' chains lead to chains of the mesh, and those to the proxy's ports; nothing else is done. */
function redirects(script: string): boolean {
  const lines = linesOf(script)
  const rules = lines.join('\n')
  return (
    lines[0]?.startsWith('iptables') === true &&
    lines.every((line) => known.some((form) => form.test(line))) &&
    [
      /-A (PREROUTING|\S*INBOUND) .*-j \S+/,
      /-A OUTPUT .*-j \S+/,
      /--to-port 15001\b/,
      /--to-port 15003\b/,
    ].every((part) => part.test(rules))
  )
}

/** Rules that let packets return, besides those of every pod; told once when annotations already do. */
function untoldHoles({ pod }: Subject, init: Container, script: string): Hit[] {
  if (rules.some(({ key }) => pod.annotations.has(key))) return []
  const left = linesOf(script).filter((line) => /-j (RETURN|ACCEPT)\b/.test(line) && !isUsual(line))
  if (left.length === 0) return []
  const message = `"osm-init" leaves traffic out: ${oneLine(left[0] ?? '')}`
  return [{ id: 'osm-appmesh-exclusions', path: `${init.path}.args`, message }]
}

function isUsual(line: string): boolean {
  const port = /--dport (\d+)/.exec(line)?.[1]
  return (
    /--uid-owner \d+/.test(line) ||
    / -d 127\.0\.0\.1\/32 /.test(line) ||
    / -o lo /.test(line) ||
    port === '15000' ||
    (port !== undefined && reservedPorts.has(Number(port)))
  )
}

/** The user left alone is the one in the script of osm-init, else the sidecar's own. */
export function osmChecks({ subject, namespace, objects, settings }: Input): CheckInput {
  const users = new Set([usualUser])
  for (const one of subject.pod.containers) {
    if (one.name === 'osm-init') {
      for (const [, user] of one.args.join('\n').matchAll(/--uid-owner (\d+)/g)) {
        users.add(Number(user))
      }
    }
    const user = number(one.security, 'runAsUser')
    if (one.name === 'envoy' && user !== undefined && user !== 0) users.add(user)
  }
  return {
    subject,
    namespace,
    objects,
    // Its rules match users only: the group is not left alone.
    exempt: { users, groups: new Set(), usual: usualUser },
    own: (one) => isOsmOwn(one, settings),
    reserved: reservedPorts,
  }
}
