// SPDX-License-Identifier: Apache-2.0
// Programs that are attached only while some policy asks for their decision (code, files, privileges). Passing an attached
// hook costs some 250 instructions before our program has said that nobody asked, and a process start passes forty. They
// are loaded and pinned at the start, so that attaching needs no library and can hardly fail; a link is pinned beside the
// others, and stays in force as they do.
import { existsSync, readdirSync, unlinkSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { Decides } from './abi.gen.ts'
import { guardPinnedLink } from './guard.ts'
import * as bpf from './libbpf.ts'
import { pairOf, type PairedDecision } from './programs.ts'

const askedBy: Record<PairedDecision, number> = {
  exec: 0, // always
  guard: 0,
  code: Decides.CODE,
  file: Decides.FILES,
  privilege: Decides.PRIVILEGES,
  socket: Decides.SOCKETS,
}

/** The bit of `control.decides` that asks for this program; 0: it is always attached. */
export function askedFor(name: string): number {
  const decision = pairOf(name)?.decision
  return decision ? askedBy[decision] : 0
}

/** Before a plan is put in force: attaches what it asks for. */
export function attachAsked(pins: string, decides: number): void {
  for (const name of pinned(pins)) {
    const link = join(pins, 'links', name)
    if (!(askedFor(name) & decides) || existsSync(link)) continue
    const program = bpf.openPin(join(pins, 'programs', name))
    try {
      const fd = bpf.attachFd(program, name)
      bpf.pin(fd, link)
      guardPinnedLink(pins, fd, link)
      bpf.closeFd(fd)
    } finally {
      bpf.closeFd(program)
    }
  }
}

/**
 * After a plan is in force: detaches what it does not ask for. Before Linux 5.13 (kernel/bpf/syscall.c,
 * bpf_tracing_prog_attach) a program can be attached only once, so there it stays, and costs what it costs.
 */
export function detachUnasked(pins: string, decides: number, kernel = release()): void {
  if (!canAttachAgain(kernel)) return
  for (const name of pinned(pins)) {
    const link = join(pins, 'links', name)
    if (!(askedFor(name) & decides) && existsSync(link)) unlinkSync(link)
  }
}

export function canAttachAgain(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map(Number)
  return major > 5 || (major === 5 && minor >= 13)
}

function pinned(pins: string): string[] {
  const folder = join(pins, 'programs')
  return existsSync(folder) ? readdirSync(folder) : []
}
