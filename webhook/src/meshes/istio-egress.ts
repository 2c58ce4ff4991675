// SPDX-License-Identifier: Apache-2.0
// How far Istio's sidecars let connections out: settings that somebody wrote and that leave the way open to anybody.
// What nobody wrote is the default, which is open as well and told by no object. istio/api networking/v1 (sidecar,
// service_entry), mesh/v1alpha1/config.proto outboundTrafficPolicy (1.17 to 1.31); Kubernetes services of type ExternalName.

import { ofKind, type ClusterObjects } from '../cluster-objects.ts'
import { fields, list, text, texts } from '../fields.ts'
import { mappingIn } from './config-text.ts'
import type { ObjectHit } from './mesh.ts'

const id = 'egress-open'

export function istioEgress(objects: ClusterObjects): ObjectHit[] {
  return [...allowsAny(objects), ...entries(objects), ...otherNames(objects)]
}

function allowsAny(objects: ClusterObjects): ObjectHit[] {
  const message = 'outboundTrafficPolicy is ALLOW_ANY: the sidecars pass connections to any host'
  const sidecars = ofKind(objects, 'Sidecar')
    .filter(({ object }) => text(object, 'spec', 'outboundTrafficPolicy', 'mode') === 'ALLOW_ANY')
    .map((object): ObjectHit => {
      return { id, path: 'spec.outboundTrafficPolicy.mode', message, object }
    })
  const maps = ofKind(objects, 'ConfigMap')
    .filter(({ name }) => name === 'istio' || name.startsWith('istio-'))
    .filter(({ object }) => {
      const policy = fields(mappingIn(text(object, 'data', 'mesh')), 'outboundTrafficPolicy')
      return text(policy, 'mode') === 'ALLOW_ANY'
    })
    .map((object): ObjectHit => ({ id, path: 'data.mesh', message, object }))
  return [...sidecars, ...maps]
}

/** "*" alone, all of a top-level domain, or all addresses. */
const everyHost = /^\*(\.[a-z]{2,})?$/
const everyAddress = /\/0$/

function entries(objects: ClusterObjects): ObjectHit[] {
  return ofKind(objects, 'ServiceEntry').flatMap((object): ObjectHit[] => {
    const spec = fields(object.object, 'spec')
    const host = texts(spec, 'hosts').findIndex((one) => everyHost.test(one))
    const address = texts(spec, 'addresses').findIndex((one) => everyAddress.test(one))
    if (host === -1 && address === -1) return []
    const path = host === -1 ? `spec.addresses[${address}]` : `spec.hosts[${host}]`
    return [{ id, path, message: 'the entry makes any host one that the mesh knows', object }]
  })
}

/** A name of the cluster that leads out of it. */
function otherNames(objects: ClusterObjects): ObjectHit[] {
  return ofKind(objects, 'Service').flatMap((object): ObjectHit[] => {
    const spec = fields(object.object, 'spec')
    const name = text(spec, 'externalName') ?? ''
    const inside = /(^|\.)(svc|svc\..+|local)\.?$/.test(name)
    if (text(spec, 'type') !== 'ExternalName' || name === '' || inside) return []
    if (list(spec, 'ports').length > 0) return []
    const message = `the service leads to "${name.slice(0, 80)}" on every port, which policies take for a host of the cluster`
    return [{ id, path: 'spec.externalName', message, object }]
  })
}
