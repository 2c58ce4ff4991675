// SPDX-License-Identifier: Apache-2.0
// What annotations of the pod leave out of Kuma's redirect, or change about its sidecar.
// kumahq/kuma pkg/plugins/runtime/k8s/metadata/annotations.go, pkg/transparentproxy/kubernetes (2.5 to 2.14).

import { identityPath, userOf } from '../containers.ts'
import { list, text } from '../fields.ts'
import type { Hit } from '../finding.ts'
import {
  annotationHits,
  annotationPath,
  notEmpty,
  oneLine,
  type AnnotationRule,
} from './annotation-rules.ts'
import { enabledWord, isKumaOwn } from './kuma-parts.ts'
import { kumaObjects, patches } from './kuma-rules.ts'
import type { KumaSettings } from './kuma-settings.ts'
import type { MeshInput } from './mesh.ts'
import { withoutIpv6 } from './pod-addresses.ts'

type Input = MeshInput<KumaSettings>

const traffic = 'traffic.kuma.io'
export const forUsers = `${traffic}/exclude-outbound-ports-for-uids`
/** The last two are what came before it, by protocol. */
const forUsersToo: readonly (readonly [key: string, what: string])[] = [
  [forUsers, 'connections of these users are not redirected'],
  [
    `${traffic}/exclude-outbound-tcp-ports-for-uids`,
    'connections of these users are not redirected',
  ],
  [`${traffic}/exclude-outbound-udp-ports-for-uids`, 'packets of these users are not redirected'],
]
export const listed = (value: string) => value.split(',').some((one) => one.trim() !== '')

const rules: readonly AnnotationRule[] = [
  ...(
    [
      [`${traffic}/exclude-outbound-ports`, 'connections to these ports are not redirected'],
      [`${traffic}/exclude-outbound-ips`, 'connections to these addresses are not redirected'],
      [
        `${traffic}/exclude-inbound-ports`,
        'connections to these ports reach the application directly',
      ],
      [
        `${traffic}/exclude-inbound-ips`,
        'connections from these addresses reach the application directly',
      ],
    ] as const
  ).map(([key, what]): AnnotationRule => ({
    key,
    id: 'kuma-exclusions',
    blinds: listed,
    what,
  })),
  {
    key: `${traffic}/transparent-proxy-configmap-name`,
    id: 'kuma-exclusions',
    blinds: notEmpty,
    what: 'the redirect is what a ConfigMap of the user says',
  },
  {
    key: 'kuma.io/gateway',
    id: 'kuma-exclusions',
    blinds: (value) => enabledWord(value) === true,
    what: 'nothing that comes in is redirected',
  },
  {
    key: 'kuma.io/sidecar-env-vars',
    id: 'kuma-exclusions',
    blinds: notEmpty,
    what: 'the sidecar gets variables that the user chose',
  },
  {
    key: 'kuma.io/direct-access-services',
    id: 'kuma-exclusions',
    blinds: notEmpty,
    what: 'these services are reached without the mesh',
  },
  {
    key: 'kuma.io/transparent-proxying-ip-family-mode',
    id: 'ipv6',
    blinds: (value) => value === 'ipv4',
    what: 'IPv6 is not redirected',
  },
]

/** For a finished pod and for a manifest alike. */
export function kumaTraffic(input: Input): Hit[] {
  const { subject } = input
  const hits = [
    ...annotationHits(subject, rules),
    ...forUsersToo.flatMap((one) => usersLeftOut(input, one)),
    ...patchHits(input),
  ]
  return withoutIpv6(subject) ? hits.filter(({ id }) => id !== 'ipv6') : hits
}

/** Whose traffic is left out: worse when a container of the application runs as one of them. */
function usersLeftOut(
  { subject, settings }: Input,
  [key, what]: readonly [key: string, what: string],
): Hit[] {
  const { pod } = subject
  const value = pod.annotations.get(key)
  if (value === undefined || !notEmpty(value)) return []
  const message = `the annotation ${key} is "${oneLine(value)}": ${what}`
  const left = pod.containers.flatMap((one): Hit[] => {
    const user = userOf(one, pod.spec)
    if (user === undefined || isKumaOwn(one, settings) || !namesUser(value, user)) return []
    const path = identityPath(one, 'runAsUser', `${pod.prefix}spec`)
    return [
      {
        id: 'proxy-uid-realigned',
        path,
        message: `"${one.name}" runs as user ${user}; ${message}`,
      },
    ]
  })
  return left.length > 0
    ? left
    : [
        {
          // As root anybody is whoever is left out.
          id: namesUser(value, 0) ? 'proxy-uid-realigned' : 'kuma-exclusions',
          path: annotationPath(subject, key),
          message,
        },
      ]
}

/** "tcp:22:1000-2000;53:1001;1002": the users come last, one or a range. */
export function namesUser(value: string, user: number): boolean {
  return value.split(';').some((part) => {
    const users = part.trim().split(':').at(-1) ?? ''
    const [from = '', to = from] = users.split('-')
    return /^\d+$/.test(from) && /^\d+$/.test(to) && Number(from) <= user && user <= Number(to)
  })
}

/** What a patch does to the sidecar is in the ContainerPatch; without it the patch itself is the finding. */
function patchHits({ subject, objects }: Input): Hit[] {
  const value = subject.pod.annotations.get(patches)
  if (value === undefined || !listed(value)) return []
  const path = annotationPath(subject, patches)
  const named = value.split(',')
  const known = kumaObjects(objects, 'ContainerPatch').filter(({ name }) => named.includes(name))
  const replaced = known.find(({ object }) => patchesImage(object))
  if (replaced !== undefined) {
    const message = `the ContainerPatch "${replaced.name}" replaces the image or the command of the sidecar`
    return [{ id: 'proxy-image-override', path, message }]
  }
  const message = `the annotation ${patches} is "${oneLine(value)}": the sidecar and its redirect are changed by these`
  const changed: Hit = { id: 'kuma-exclusions', path, message }
  if (known.length > 0) return [changed]
  const why = `whether the patches "${oneLine(value)}" replace the image of the sidecar is not known`
  return [changed, { id: 'proxy-image-override', path, message: why, effect: 'risk' }]
}

/** Replaces what the container runs: its image, command or arguments, or all of it. */
export function patchesImage(patch: unknown): boolean {
  return ['sidecarPatch', 'initPatch'].some((key) =>
    list(patch, 'spec', key).some((one) => {
      const [, first = ''] = (text(one, 'path') ?? '').split('/')
      return ['', 'image', 'command', 'args'].includes(first)
    }),
  )
}
