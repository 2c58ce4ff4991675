// SPDX-License-Identifier: Apache-2.0
// The programs that an agent has left or put in force, by their pins: those that are attached, and those that wait until a
// policy asks for them.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as bpf from './libbpf.ts'

export interface ProgramInForce {
  name: string
  /** Bytes that the kernel charges for it, and those of its translation. */
  charged: number
  translated: number
  /** Instructions that the verifier walked; 0 before Linux 5.16, which does not say. */
  walked: number
}

/** Offsets in linux/bpf.h. */
const linkInfo = { size: 16, programId: 8 }
const programInfo = { size: 232, id: 4, translated: 16, walked: 216 }

/** Each once, however many links it has. */
export function programsInForce(pins: string): ProgramInForce[] {
  const programs = new Map<number, ProgramInForce>()
  const add = (name: string, fd: number) => {
    programs.set(bpf.objectInfo(fd, programInfo.size).readUInt32LE(programInfo.id), {
      name,
      ...programOf(fd),
    })
    bpf.closeFd(fd)
  }
  const names = (folder: string) => (existsSync(folder) ? readdirSync(folder) : [])
  const [waiting, links] = [join(pins, 'programs'), join(pins, 'links')]
  for (const name of names(waiting)) add(name, bpf.openPin(join(waiting, name)))
  for (const name of names(links)) {
    const link = bpf.openPin(join(links, name))
    const id = bpf.objectInfo(link, linkInfo.size).readUInt32LE(linkInfo.programId)
    bpf.closeFd(link)
    add(name, bpf.openProgram(id))
  }
  return [...programs.values()]
}

export function programOf(fd: number): Omit<ProgramInForce, 'name'> {
  const info = bpf.objectInfo(fd, programInfo.size)
  return {
    charged: chargedFd(fd),
    translated: info.readUInt32LE(programInfo.translated),
    walked: info.readUInt32LE(programInfo.walked),
  }
}

/** What the kernel charges for a map or a program; of a program, its pages of instructions. */
export function chargedFd(fd: number): number {
  const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
  return Number(/^memlock:\s*(\d+)$/m.exec(text)?.[1] ?? 0)
}
