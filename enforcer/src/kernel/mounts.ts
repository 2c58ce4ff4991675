// SPDX-License-Identifier: Apache-2.0
// The mounts of a process, as /proc/PID/mountinfo tells them (Documentation/filesystems/proc.rst, 3.5).

export interface Mount {
  id: number
  parent: number
  /** As the kernel counts devices. */
  device: number
  /** What happens to one mount of this group happens to all; 0: it is in none. */
  peers: number
}

/** major << 20 | minor, from what stat(2) says. */
export function kernelDevice(dev: bigint): number {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)
  return Number(((major << 20n) | minor) & 0xffffffffn)
}

export function readMounts(mountinfo: string): Mount[] {
  return mountinfo
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [id, parent, device = ''] = line.split(' ')
      const [major = 0, minor = 0] = device.split(':').map(Number)
      // Names may hold anything but blanks, and come before the separator as well: only whole fields count.
      const optional = line.slice(0, line.indexOf(' - ')).split(' ').slice(6)
      const peers = optional.find((field) => field.startsWith('shared:'))
      return {
        id: Number(id),
        parent: Number(parent),
        device: major * 2 ** 20 + minor,
        peers: peers ? Number(peers.slice(7)) : 0,
      }
    })
}

/** The mounts of this device and those on which they are, up to the root. */
export function chainOf(mounts: readonly Mount[], device: number): Mount[] {
  const byId = new Map(mounts.map((mount) => [mount.id, mount]))
  const chain = new Set<Mount>()
  for (const mount of mounts)
    if (mount.device === device)
      for (
        let at: Mount | undefined = mount;
        at && !chain.has(at);
        at = at.parent === at.id ? undefined : byId.get(at.parent)
      )
        chain.add(at)
  return [...chain]
}
