// SPDX-License-Identifier: Apache-2.0
// Connections and flows of every process below a cgroup, host services included: who with whom, packets and bytes both
// ways, whether policy let them through or not. Counted from `attach` on: pinned, until disarm; or until `close`.
import { closeSync, existsSync, mkdirSync, openSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { UnderpinError } from '../../../runtime/src/index.ts'
import { formatAddress } from '../../../policies/src/index.ts'
import * as abi from '../kernel/abi.gen.ts'
import * as bpf from '../kernel/libbpf.ts'
import { mapNames, Table, type Tables } from '../kernel/maps.ts'
import { openForThisKernel } from '../kernel/open.ts'
import { removePins } from '../kernel/pins.ts'
import { Describer, protocolName, type PodNames, type SubjectInfo } from './records.ts'
import { CgroupPaths } from './watch.ts'

export interface Flow {
  subject: SubjectInfo
  /** null: not known, such as a process that ended before anybody asked. */
  executable: string | null
  from: string | null
  /** In the initial pid namespace; null: its socket is from before the count. A listener's, for what it accepted. */
  pid: number | null
  /** out: this process began; in: the other end did. */
  direction: 'out' | 'in'
  /** The other end; the port is that of who was asked: the remote one (out), or our own (in). null: found no row of its own. */
  target: { protocol: string; address: string | null; port: number } | null
  /** TCP: begun; others: sockets. */
  connections: number
  sent: { packets: number; bytes: number }
  heard: { packets: number; bytes: number }
  first: string
  last: string
}

export interface FlowCount {
  flows: Table<abi.FlowKey, abi.FlowRow>
  close: () => void
}

export interface FlowOptions {
  /** Folder of the built BPF objects. */
  objects: string
  /** Of the enforcer's maps. */
  pins: string
  /** Folder of the cgroup below which is counted. */
  cgroup: string
  /** Goes on without this process. */
  pinned: boolean
}

const folderOf = (pins: string): string => join(pins, 'flows')
const tableOf = (fd: number) => new Table('flows', fd, abi.flowKey, abi.flowRow)

export function countFlows({ objects, pins, cgroup, pinned }: FlowOptions): FlowCount {
  const path = join(objects, 'flows.bpf.o')
  const handle = openForThisKernel(path)
  const links: bpf.Handle[] = []
  const close = () => {
    for (const link of links.splice(0)) bpf.destroyLink(link)
    bpf.closeObject(handle)
  }
  const folder = openSync(cgroup, 'r')
  try {
    const maps = bpf.maps(handle)
    for (const name of mapNames) {
      const map = maps.get(name)
      if (!map) continue
      const fd = bpf.openPin(join(pins, 'maps', name))
      bpf.reuseMap(map, fd, name)
      bpf.closeFd(fd)
    }
    bpf.loadObject(handle, path)
    const at = folderOf(pins)
    if (pinned) {
      removePins(at) // of an agent before: its sums end, ours begin
      mkdirSync(at, { mode: 0o700 })
      bpf.pin(bpf.mapFd(maps.get('flows') as bpf.Handle), join(at, 'flows'))
    }
    for (const [name, program] of bpf.programs(handle)) {
      const link = bpf.attachCgroup(program, name, folder)
      if (pinned) bpf.pinLink(link, join(at, name))
      links.push(link)
    }
    return { close, flows: tableOf(bpf.mapFd(maps.get('flows') as bpf.Handle)) }
  } catch (error) {
    close()
    throw error
  } finally {
    closeSync(folder)
  }
}

/** Of a count that goes on by itself. */
export function openFlows(pins: string): FlowCount {
  const path = join(folderOf(pins), 'flows')
  if (!existsSync(path))
    throw new UnderpinError('usage', {
      operation: 'read flows',
      object: pins,
      found: 'nobody counting',
      expected: 'an agent that was started with --flows',
      remedy: 'underpin enforce --flows; or watch for a while: underpin observe --flows',
    })
  const fd = bpf.openPin(path)
  return { flows: tableOf(fd), close: () => bpf.closeFd(fd) }
}

/** Rows as they are now, those with most bytes first. */
export function readFlows(
  flows: FlowCount['flows'],
  tables: Tables,
  pods: PodNames,
  cgroups = new CgroupPaths(),
): Flow[] {
  const describer = new Describer(tables, pods)
  return [...flows.entries()]
    .map(([key, row]) => {
      const subject = describer.subject(key.subject)
      const place = subject.scope === 'none' ? cgroups.path(key.subject) : null
      const other = key.protocol === 0 && key.subject === 0n
      return {
        subject: place === null ? subject : { ...subject, cgroup: place, name: place },
        executable: describer.path(row.exe) ?? programOf(key.pid),
        from: describer.path(row.from),
        pid: key.pid === 0 ? null : key.pid,
        direction: key.incoming ? ('in' as const) : ('out' as const),
        target: other ? null : targetOf(key),
        connections: Number(row.connections),
        sent: { packets: Number(row.sentPackets), bytes: Number(row.sentBytes) },
        heard: { packets: Number(row.heardPackets), bytes: Number(row.heardBytes) },
        first: describer.time(row.first),
        last: describer.time(row.last),
      }
    })
    .sort((a, b) => bytesOf(b) - bytesOf(a))
}

const bytesOf = ({ sent, heard }: Flow): number => sent.bytes + heard.bytes

function targetOf({ family, address, protocol, port }: abi.FlowKey): Flow['target'] {
  const four = family === 4
  const bytes = four
    ? Uint8Array.from([...new Uint8Array(10), 255, 255, ...address.subarray(0, 4)])
    : address
  return {
    protocol: protocolName(protocol),
    address: family === 0 ? null : formatAddress({ family: four ? 4 : 6, bytes }),
    port,
  }
}

/** Of a process outside of every subject, while it runs. */
function programOf(pid: number): string | null {
  if (pid === 0) return null
  try {
    return readlinkSync(`/proc/${pid}/exe`)
  } catch {
    return null // it has ended
  }
}
