// SPDX-License-Identifier: Apache-2.0
// Life of the BPF object: load, attach, pin; or take over what an agent before us left in force.
// A new version attaches before the old one detaches, so nothing goes undecided in between.
import { createHash, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statfsSync,
} from 'node:fs'
import { join } from 'node:path'
import { UnderpinError } from '../../../runtime/src/index.ts'
import { control as controlLayout } from './abi.gen.ts'
import { cgroupId } from './cgroups.ts'
import { decode } from './codec.ts'
import * as bpf from './libbpf.ts'
import { closeTables, mapNames, tablesOf, type Tables } from './maps.ts'
import { disarm, removePins } from './pins.ts'
import { mechanismNumber, type MechanismName } from './probe.ts'

/** Raised when a layout in bpf/abi.h changes in a way that old maps cannot be read with. */
const abiVersion = 1
const bpffsMagic = 0xcafe4a11

export interface Attachment {
  tables: Tables
  /** False when the programs of an earlier agent were taken over as they are. */
  loaded: boolean
}

export interface AttachOptions {
  object: string
  /** Folder below bpffs for the pins. */
  pins: string
  /** Cgroup below which network decisions are made. */
  cgroup: string
  mechanism: MechanismName | null
}

export function requireBpffs(pins: string): void {
  let at = pins
  while (!existsSync(at)) at = join(at, '..')
  if (statfsSync(at).type === bpffsMagic) return
  throw new UnderpinError('kernel-lacks', {
    operation: 'pin maps',
    object: pins,
    found: `${at} on another file system`,
    expected: 'bpffs',
    remedy: 'mount -t bpf bpf /sys/fs/bpf',
  })
}

export function attachObject(options: AttachOptions): Attachment {
  const { object, pins, cgroup, mechanism } = options
  requireBpffs(pins)
  if (!existsSync(object))
    throw new UnderpinError('kernel-object', {
      operation: 'load bpf object',
      object,
      found: 'no such file',
      remedy: 'build it: npm run build',
    })
  const maps = join(pins, 'maps')
  recoverLinks(pins)
  const place = cgroupId(cgroup)
  const digest = createHash('sha256')
    .update(readFileSync(object))
    .update(`${mechanism} ${place}`)
    .digest()
  const existing = isSetUp(maps)
  // An agent that was killed before its first plan left nothing in force.
  if (!existing) disarm(pins)
  if (existing) {
    const tables = tablesOf((name) => bpf.openPin(join(maps, name)))
    const control = tables.control.get({ value: 0 })
    if (control?.abi !== abiVersion) {
      closeTables(tables)
      throw new UnderpinError('kernel-object', {
        operation: 'take over pinned maps',
        object: maps,
        found: `layout ${control?.abi ?? 'unknown'}`,
        expected: `layout ${abiVersion}`,
        remedy: 'this version cannot continue from that one; underpin disarm, then start again',
      })
    }
    if (digest.equals(control.object) && existsSync(join(pins, 'links')))
      return { tables, loaded: false }
    closeTables(tables)
  }
  const tables = load(options, existing)
  const control = tables.control.get({ value: 0 })
  tables.control.set(
    { value: 0 },
    existing && control
      ? { ...control, object: digest }
      : {
          key: [randomBytes(8).readBigUInt64LE(), randomBytes(8).readBigUInt64LE()],
          generation: 1,
          abi: abiVersion,
          object: digest,
        },
  )
  return { tables, loaded: true }
}

function load({ object, pins, cgroup, mechanism }: AttachOptions, existing: boolean): Tables {
  const handle = bpf.openObject(object)
  const folder = openSync(cgroup, 'r')
  try {
    const maps = bpf.maps(handle)
    const programs = bpf.programs(handle)
    for (const [name, program] of programs) bpf.setAutoload(program, wanted(name, mechanism))
    const rodata = [...maps].find(([name]) => name.endsWith('.rodata'))
    if (rodata) {
      const value = Buffer.alloc(4)
      value.writeUInt32LE(mechanism ? mechanismNumber[mechanism] : 0)
      bpf.setInitial(rodata[1], rodata[0], 0, value)
    }
    if (existing)
      for (const name of mapNames) {
        const fd = bpf.openPin(join(pins, 'maps', name))
        bpf.reuseMap(maps.get(name) as bpf.Handle, fd, name)
        bpf.closeFd(fd)
      }
    bpf.loadObject(handle, object)
    mkdirSync(join(pins, 'maps'), { recursive: true, mode: 0o700 })
    if (!existing)
      for (const name of mapNames)
        bpf.pin(bpf.mapFd(maps.get(name) as bpf.Handle), join(pins, 'maps', name))
    const fresh = join(pins, 'links-new')
    removePins(fresh)
    mkdirSync(fresh, { mode: 0o700 })
    for (const [name, program] of programs) {
      if (!wanted(name, mechanism) || name === 'ask') continue
      const link = isGlobal(name)
        ? bpf.attach(program, name)
        : bpf.attachCgroup(program, name, folder)
      bpf.pinLink(link, join(fresh, name))
      bpf.destroyLink(link) // the pin keeps it
    }
    // Killed at any point from here on, the next agent finds one whole set of links, and not a digest that fits it.
    if (existing) forgetObject(pins)
    if (existsSync(join(pins, 'links'))) renameSync(join(pins, 'links'), join(pins, 'links-old'))
    renameSync(fresh, join(pins, 'links'))
    removePins(join(pins, 'links-old'))
    return tablesOf((name) => bpf.openPin(join(pins, 'maps', name)))
  } catch (error) {
    if (!existing) disarm(pins) // nothing half-attached stays
    throw error
  } finally {
    closeSync(folder)
    bpf.closeObject(handle)
  }
}

/** After an agent was killed while it exchanged links: the new ones are whole as soon as the old ones are put aside. */
function recoverLinks(pins: string): void {
  const links = join(pins, 'links')
  const fresh = join(pins, 'links-new')
  const old = join(pins, 'links-old')
  if (!existsSync(links) && existsSync(old) && existsSync(fresh)) renameSync(fresh, links)
  if (existsSync(links)) removePins(old)
}

/** Whether an agent before us got as far as to write the control row: then there may be a plan in force. */
function isSetUp(maps: string): boolean {
  if (!existsSync(join(maps, 'control'))) return false
  const fd = bpf.openPin(join(maps, 'control'))
  try {
    const value = Buffer.alloc(controlLayout.size)
    return bpf.lookup(fd, Buffer.alloc(4), value) && decode(controlLayout, value).abi !== 0
  } finally {
    bpf.closeFd(fd)
  }
}

function forgetObject(pins: string): void {
  const tables = tablesOf((name) => bpf.openPin(join(pins, 'maps', name)))
  const control = tables.control.get({ value: 0 })
  if (control) tables.control.set({ value: 0 }, { ...control, object: new Uint8Array(32) })
  closeTables(tables)
}

/** Programs that are attached once for the machine; the others belong to a cgroup. */
const isGlobal = (name: string) => /^(exec|identity)_/.test(name)

function wanted(name: string, mechanism: MechanismName | null): boolean {
  if (name === 'exec_lsm') return mechanism === 'lsm'
  if (name === 'exec_fmod_ret') return mechanism === 'fmod_ret'
  return name !== 'ask' // for tests only
}
