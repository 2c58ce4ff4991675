// SPDX-License-Identifier: Apache-2.0
// Further network interfaces and devices of the pod, which no sidecar redirects: attachments of Multus and of
// plugins like it, under every key that they read, and devices that carry packets past the kernel.
// k8snetworkplumbingwg/multus-cni 3.0 to 4.2, GKE multi-network, DANM 4.3, NVIDIA and Intel device plugins.

import { fields, isFields, list, text } from '../fields.ts'
import type { Hit } from '../finding.ts'
import { called, type Check, type CheckInput } from './check.ts'

const id = 'secondary-network'

export const networks: Check = {
  question: 'Does the pod have a network interface or device besides its usual one?',
  source: 'multus-cni 4.2 network selection, Kubernetes 1.37 device plugins and hugepages',
  find: (input) => [...attached(input), ...devices(input)],
}

/** Names of networks, separated by commas, or a JSON list of objects. */
const attachments = [
  'k8s.v1.cni.cncf.io/networks',
  'kubernetes.v1.cni.cncf.io/networks',
  'k8s.cni.cncf.io/networks',
  'cni.projectcalico.org/networks',
]

/** Another default network, or interfaces in a form of their own: whatever they say. */
const otherForms = [
  'v1.multus-cni.io/default-network',
  'networking.gke.io/interfaces',
  'danm.k8s.io/interfaces',
  'danm.io/interfaces',
  'k8s.ovn.org/secondary-networks',
]

/** Of the injectors, for their own plugins. */
const ofMeshes = ['istio-cni', 'linkerd-cni', 'kuma-cni', 'kong-mesh-cni', 'consul-cni']

function attached({ subject: { pod } }: CheckInput): Hit[] {
  return [...attachments, ...otherForms].flatMap((key): Hit[] => {
    const value = (pod.annotations.get(key) ?? '').trim()
    if (value === '') return []
    const names = attachments.includes(key) ? namesIn(value) : [value]
    const others = names.filter((name) => !ofMeshes.includes(name))
    if (others.length === 0) return []
    const path = `${pod.prefix}metadata.annotations[${key}]`
    const shown = others.join(', ').replace(/\s+/g, ' ').slice(0, 80)
    const message = `the pod has a further network interface (${shown}) that is not redirected`
    return [{ id, path, message }]
  })
}

const longest = 16 * 1024

/** Without namespace and interface: "default/istio-cni@net1" is istio-cni. */
function namesIn(value: string): string[] {
  const plain = (name: string) =>
    name
      .trim()
      .replace(/^[^/]*\//, '')
      .replace(/@.*$/, '')
  // fail closed: nobody has so many networks that their names fill pages.
  if (value.length > longest) return [value.slice(0, 80)]
  if (!/^[[{]/.test(value)) {
    return value.split(',').flatMap((one) => plain(one) || [])
  }
  const read = parsed(value)
  const items: unknown[] = Array.isArray(read) ? read : [read]
  return items.map((one) => {
    const name = typeof one === 'string' ? one : text(one, 'name')
    // fail closed: what cannot be read is a network of its own.
    return name === undefined ? value : plain(name)
  })
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return null
  }
}

/** "intel.com/sriov_netdevice", "rdma/hca_shared", "nvidia.com/hostdev-rdma", "hugepages-1Gi". */
const carries =
  /sriov|rdma|(^|[/_-])(hca|roce|infiniband|macvlan|ipvlan|dpdk|vfio|vdpa)|^hugepages-/i

function devices({ subject: { pod }, own }: CheckInput): Hit[] {
  const asked = pod.containers.flatMap((container): Hit[] => {
    if (own(container)) return []
    for (const kind of ['limits', 'requests']) {
      const found = fields(container.fields, 'resources', kind)
      const name = Object.keys(found).find((one) => carries.test(one) && !isNothing(found[one]))
      if (name === undefined) continue
      const path = `${container.path}.resources.${kind}[${name}]`
      const message = `${called(container)} gets ${name}: a data plane of its own goes past the redirect`
      return [{ id, path, message }]
    }
    return []
  })
  return [...asked, ...claims(pod.spec, `${pod.prefix}spec`)]
}

function isNothing(value: unknown): boolean {
  return value === 0 || value === '0'
}

/** Network devices by a claim say so in the name of their template, if anywhere. */
function claims(spec: unknown, path: string): Hit[] {
  return list(spec, 'resourceClaims').flatMap((one, index): Hit[] => {
    const names = isFields(one)
      ? [text(one, 'resourceClaimTemplateName'), text(one, 'resourceClaimName')]
      : []
    const name = names.find((each) => each !== undefined && carries.test(each))
    if (name === undefined) return []
    const message = `the claim "${name.slice(0, 60)}" gives the pod a network device that is not redirected`
    return [{ id, path: `${path}.resourceClaims[${index}]`, message }]
  })
}
