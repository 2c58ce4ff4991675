// SPDX-License-Identifier: Apache-2.0
// Life of the BPF object: load, attach, pin; or take over what an agent before us left in force.
// A new version attaches before the old one detaches, so nothing goes undecided in between.
import { createHash, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statfsSync,
} from 'node:fs'
import { join } from 'node:path'
import { UnderpinError } from '../../../runtime/src/index.ts'
import { control as controlLayout } from './abi.gen.ts'
import { cgroupId } from './cgroups.ts'
import { decode } from './codec.ts'
import { guardLink, guardObject, guardOnlyObject, guardPlace } from './guard.ts'
import * as bpf from './libbpf.ts'
import { leftOut as lacking, leftOutOf, loadFor, type Loading } from './loading.ts'
import { closeTables, mapNames, requireLayout, tablesOf, type Tables } from './maps.ts'
import type { LeftOut } from './mechanisms.ts'
import { disarm, removePins } from './pins.ts'
import { mechanismNumber, type MechanismName } from './probe.ts'
import { askedFor } from './on-demand.ts'
import { looksAgain } from './preemption.ts'
import { ofCgroup } from './programs.ts'

/** Raised when a layout in bpf/abi.h changes in a way that old maps cannot be read with. */
const abiVersion = 3
const bpffsMagic = 0xcafe4a11

export interface Attachment {
  tables: Tables
  /** False when the programs of an earlier agent were taken over as they are. */
  loaded: boolean
  /** What this kernel lacks or refuses of the programs. */
  leftOut: LeftOut[]
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
    if (
      digest.equals(control.object) &&
      ['links', 'programs'].every((one) => existsSync(join(pins, one)))
    ) {
      guardPlace(tables, pins)
      return {
        tables,
        loaded: false,
        leftOut: leftOutOf(object, mechanism, [
          ...readdirSync(join(pins, 'links')),
          ...readdirSync(join(pins, 'programs')),
        ]),
      }
    }
    closeTables(tables)
  }
  const { tables, leftOut } = load(options, existing)
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
  return { tables, loaded: true, leftOut }
}

function load(options: AttachOptions, existing: boolean): { tables: Tables; leftOut: LeftOut[] } {
  const { pins, mechanism } = options
  const loading = loadFor(options.object, mechanism, (object) => {
    const maps = bpf.maps(object)
    setMechanism(maps, mechanism)
    if (existing)
      for (const name of mapNames) {
        const fd = bpf.openPin(join(pins, 'maps', name))
        bpf.reuseMap(maps.get(name) as bpf.Handle, fd, name)
        bpf.closeFd(fd)
      }
  })
  try {
    const maps = bpf.maps(loading.object)
    mkdirSync(join(pins, 'maps'), { recursive: true, mode: 0o700 })
    if (!existing)
      for (const name of mapNames)
        bpf.pin(bpf.mapFd(maps.get(name) as bpf.Handle), join(pins, 'maps', name))
    const [fresh, programs] = [join(pins, 'links-new'), join(pins, 'programs-new')]
    for (const folder of [fresh, programs]) {
      removePins(folder)
      mkdirSync(folder, { mode: 0o700 })
    }
    const ours = tablesOf((name) => bpf.mapFd(maps.get(name) as bpf.Handle))
    const mapFds = [...maps.values()].map((map) => bpf.mapFd(map))
    const programFds = loading.programs.map(({ handle }) => bpf.programFd(handle))
    guardPlace(ours, pins)
    guardObject(ours.guarded, mapFds, programFds)
    pinOnDemand(loading, programs)
    const decides = existing ? decidesNow(pins) : 0
    const links = attachAll(loading, options.cgroup, fresh, decides, ours.guarded)
    // Killed at any point from here on, the next agent finds one whole set of links, and not a digest that fits it.
    if (existing) forgetObject(pins)
    if (existsSync(join(pins, 'links'))) renameSync(join(pins, 'links'), join(pins, 'links-old'))
    renameSync(fresh, join(pins, 'links'))
    removePins(join(pins, 'programs'))
    renameSync(programs, join(pins, 'programs'))
    removePins(join(pins, 'links-old'))
    guardOnlyObject(ours.guarded, mapFds, programFds, links)
    const tables = tablesOf((name) => bpf.openPin(join(pins, 'maps', name)))
    return { tables, leftOut: loading.leftOut }
  } catch (error) {
    if (!existing) disarm(pins) // nothing half-attached stays
    throw error
  } finally {
    bpf.closeObject(loading.object)
  }
}

/** `exec_mechanism` in bpf/exec.bpf.c, the only setting. */
function setMechanism(maps: Map<string, bpf.Handle>, mechanism: MechanismName | null): void {
  const settings = [...maps].find(([name]) => name.endsWith('.rodata'))
  if (!settings) return
  const value = Buffer.alloc(4)
  value.writeUInt32LE(mechanism ? mechanismNumber[mechanism] : 0)
  bpf.setInitial(settings[1], settings[0], 0, value)
}

/** What is attached when a plan asks for it. */
function pinOnDemand({ programs }: Loading, pins: string): void {
  for (const { program, handle } of programs)
    if (askedFor(program.name)) bpf.pin(bpf.programFd(handle), join(pins, program.name))
}

/** `decides`: what the plan in force asks for. Answers the ids of the links. */
function attachAll(
  { programs, leftOut }: Loading,
  cgroup: string,
  pins: string,
  decides: number,
  guarded: Tables['guarded'],
): number[] {
  const folder = openSync(cgroup, 'r')
  const ids: number[] = []
  try {
    for (const { program, handle } of programs) {
      const { name, section } = program
      const asked = askedFor(name)
      if (asked && !(asked & decides)) continue
      try {
        const first = ofCgroup(section) ? bpf.attachFirst(handle, folder) : null
        if (first !== null) {
          bpf.pin(first, join(pins, name))
          ids.push(guardLink(guarded, first, join(pins, name)))
          bpf.closeFd(first)
          continue
        }
        const link = ofCgroup(section)
          ? bpf.attachCgroup(handle, name, folder)
          : bpf.attach(handle, name)
        bpf.pinLink(link, join(pins, name))
        ids.push(guardLink(guarded, bpf.linkFd(link), join(pins, name)))
        bpf.destroyLink(link) // the pin keeps it
      } catch (error) {
        // A second look that cannot be had costs that, and is told.
        if (!looksAgain(program) || !(error instanceof bpf.KernelError)) throw error
        leftOut.push(lacking(program, error.parts.found))
      }
    }
    return ids
  } finally {
    closeSync(folder)
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
    requireLayout('control', fd)
    const value = Buffer.alloc(controlLayout.size)
    return bpf.lookup(fd, Buffer.alloc(4), value) && decode(controlLayout, value).abi !== 0
  } finally {
    bpf.closeFd(fd)
  }
}

function decidesNow(pins: string): number {
  const tables = tablesOf((name) => bpf.openPin(join(pins, 'maps', name)))
  const decides = tables.control.get({ value: 0 })?.decides ?? 0
  closeTables(tables)
  return decides
}

function forgetObject(pins: string): void {
  const tables = tablesOf((name) => bpf.openPin(join(pins, 'maps', name)))
  const control = tables.control.get({ value: 0 })
  if (control) tables.control.set({ value: 0 }, { ...control, object: new Uint8Array(32) })
  closeTables(tables)
}
