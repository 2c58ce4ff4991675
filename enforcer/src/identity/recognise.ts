// SPDX-License-Identifier: Apache-2.0
// What a cgroup is, by its name and the names above it, as bpf/recognise.bpf.h decides for a new one; the kernel tests ask
// both the same. Names are bytes, written here as latin1 text. Sources:
//   kubelet pkg/kubelet/cm/{cgroup_manager_linux,pod_container_manager_linux}.go 1.36: both drivers, classes, static pods
//   moby daemon/oci_linux.go (docker-<id>.scope, /docker/<id>), containerd internal/cri/server/podsandbox and cmd/ctr
//   (cri-containerd-<id>.scope, /default/<name>), nerdctl pkg/cmd/container (nerdctl-<id>.scope), podman libpod/
//   container_internal_linux.go (libpod-<id>.scope, libpod-payload-<id>, libpod-conmon-<id>.scope), cri-o
//   internal/config/cgmgr (crio-<id>.scope, crio-conmon-<id>.scope), buildkit executor/oci (buildkit/<id>),
//   systemd-nspawn (payload below its service or scope), lxc (lxc.payload.<name>)

export interface CgroupNames {
  own: string
  parent: string
  above: string
  /** The parent is at the top of what the agent looks at. */
  atTop: boolean
}

/** A pod without `uid` has one that cannot be read. */
export type Recognised = { kind: 'pod'; uid?: string } | { kind: 'container' } | { kind: 'helper' }

const kubepods = /(?:^|-)kubepods(?:-burstable|-besteffort)?$/

export function recognise(names: CgroupNames): Recognised | null {
  const uid = podUid(names)
  if (uid !== undefined) return uid === '' ? { kind: 'pod' } : { kind: 'pod', uid }
  if (isNamedContainer(names)) return { kind: 'container' }
  const id = /^(?:([^]*)[-:])?[0-9a-f]{64}(?:\.scope)?$/.exec(names.own)
  if (!id) return null
  return id[1]?.endsWith('conmon') ? { kind: 'helper' } : { kind: 'container' }
}

/** Undefined: no pod. '': a pod whose UID cannot be read. */
function podUid({ own, parent, above }: CgroupNames): string | undefined {
  const slice = parent.endsWith('.slice') ? parent.slice(0, -6) : undefined
  if (slice !== undefined && kubepods.test(slice)) {
    const head = `${slice}-pod`
    if (own.startsWith(head) && own.endsWith('.slice') && own.length >= head.length + 6 + 1)
      return readUid(own.slice(head.length, -6), '_')
  }
  // A whole name says so by itself where no other slice is above it.
  const whole = /^kubepods(?:-burstable|-besteffort)?-pod([^]{32}|[^]{36})\.slice$/.exec(own)
  if (whole && slice === undefined) return readUid(whole[1] ?? '', '_')
  if (!own.startsWith('pod') || own.length === 3) return undefined
  const inClass = above === 'kubepods' && (parent === 'burstable' || parent === 'besteffort')
  return parent === 'kubepods' || inClass ? readUid(own.slice(3), '-') : undefined
}

/** A UUID, or the 32 digits of a static pod's configuration hash. */
function readUid(text: string, separator: '-' | '_'): string {
  if (/^[0-9a-f]{32}$/.test(text)) return text
  const parts = text.split(separator)
  const fits = parts.map((part) => part.length).join() === '8,4,4,4,12'
  return fits && parts.every((part) => /^[0-9a-f]*$/.test(part)) ? parts.join('') : ''
}

function isNamedContainer({ own, parent, atTop }: CgroupNames): boolean {
  if (parent === 'buildkit' && /^[0-9a-z]{25}$/.test(own)) return true
  if (/^buildkit-[0-9a-z]{25}\.scope$/.test(own)) return true
  if (own.startsWith('lxc.payload.') && own.length > 12) return true
  if (parent === 'lxc.payload' || (atTop && (parent === 'default' || parent === 'lxc'))) return true
  if (own !== 'payload') return false
  return (
    (parent.startsWith('machine-') && parent.endsWith('.scope')) ||
    (parent.startsWith('systemd-nspawn@') && parent.endsWith('.service'))
  )
}
