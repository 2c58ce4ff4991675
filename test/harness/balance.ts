// SPDX-License-Identifier: Apache-2.0
// Load balancing in sockets, as another program of the same cgroup does it (bpf/balance.bpf.c).
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import * as bpf from '../../enforcer/src/kernel/libbpf.ts'
import { objects } from './sandbox.ts'

export interface End {
  address: string
  port: number
}

export class Balancer {
  private readonly handle: bpf.Handle
  private readonly links: bpf.Handle[] = []

  constructor(cgroup: string) {
    const path = join(objects, 'balance.bpf.o')
    this.handle = bpf.openObject(path)
    bpf.loadObject(this.handle, path)
    const folder = openSync(cgroup, 'r')
    try {
      for (const [name, program] of bpf.programs(this.handle))
        this.links.push(bpf.attachCgroup(program, name, folder))
    } finally {
      closeSync(folder)
    }
  }

  balance(service: End, to: End): void {
    this.set('balanced', service, to)
    this.set('behind', to, service)
  }

  /** Once. */
  close(): void {
    for (const link of this.links) bpf.destroyLink(link)
    bpf.closeObject(this.handle)
  }

  private set(map: string, key: End, value: End): void {
    const fd = bpf.mapFd(bpf.maps(this.handle).get(map) as bpf.Handle)
    bpf.update(fd, map, bytesOf(key), bytesOf(value))
  }
}

function bytesOf({ address, port }: End): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.set(address.split('.').map(Number))
  bytes.writeUInt16BE(port, 4)
  return bytes
}
