// SPDX-License-Identifier: Apache-2.0
// Loads the programs that a mechanism wants. Decisions that hooks of the kernel carry out one by one (code, files,
// privileges) can lose a hook that this kernel lacks or refuses: the rest is loaded, and what is left out is told.
import { openForThisKernel } from './open.ts'
import * as bpf from './libbpf.ts'
import type { LeftOut } from './mechanisms.ts'
import type { MechanismName } from './probe.ts'
import { isPreemptible, looksAgain } from './preemption.ts'
import { hookOf, isEarly, isWanted, isYounger, pairOf, type Program } from './programs.ts'

export interface Loading {
  object: bpf.Handle
  programs: { program: Program; handle: bpf.Handle }[]
  leftOut: LeftOut[]
}

/** `prepare` is called for the object before it is loaded: settings, maps to take over. */
export function loadFor(
  path: string,
  mechanism: MechanismName | null,
  prepare: (object: bpf.Handle) => void = () => undefined,
): Loading {
  const refused = new Map<string, string>()
  try {
    return loadWithout(path, mechanism, prepare, refused)
  } catch (error) {
    if (!(error instanceof bpf.KernelError)) throw error
    for (const { name } of optional(path, mechanism)) if (isYounger(name)) refused.set(name, '')
    try {
      return loadWithout(path, mechanism, prepare, refused)
    } catch {
      refused.clear() // it was not that, or not only that
    }
    for (const { name } of optional(path, mechanism)) {
      const reason = refusal(path, name)
      if (reason !== null) refused.set(name, reason)
    }
    if (refused.size === 0) throw error
    return loadWithout(path, mechanism, prepare, refused)
  }
}

/** What is left out of programs that are attached already. */
export const leftOutOf = (
  path: string,
  mechanism: MechanismName | null,
  attached: readonly string[],
): LeftOut[] =>
  optional(path, mechanism)
    .filter(({ name }) => !attached.includes(name))
    .map((program) => leftOut(program, bpf.hasHook(program.section) ? 'when it was loaded' : ''))

function loadWithout(
  path: string,
  mechanism: MechanismName | null,
  prepare: (object: bpf.Handle) => void,
  refused: ReadonlyMap<string, string>,
): Loading {
  const object = openForThisKernel(path)
  const preemptible = isPreemptible()
  try {
    const without: LeftOut[] = []
    const programs: Loading['programs'] = []
    for (const [name, handle] of bpf.programs(object)) {
      const program = { name, section: bpf.programSection(handle) }
      bpf.setAutoload(handle, false)
      if (!isWanted(program, mechanism)) continue
      if (looksAgain(program) && !preemptible) continue
      const reason = refused.get(name)
      const lacks = isOptional(program) && !bpf.hasHook(program.section)
      if (lacks || reason !== undefined) {
        without.push(leftOut(program, lacks ? '' : (reason ?? '')))
        continue
      }
      bpf.setAutoload(handle, true)
      programs.push({ program, handle })
    }
    prepare(object)
    bpf.loadObject(object, path)
    return { object, programs, leftOut: without }
  } catch (error) {
    bpf.closeObject(object)
    throw error
  }
}

/** Exec is probed for, and the rest cannot be done without. */
const isOptional = ({ name, section }: Program): boolean => {
  const pair = pairOf(name)
  return (
    looksAgain({ section }) || isEarly({ section }) || (pair !== null && pair.decision !== 'exec')
  )
}

function optional(path: string, mechanism: MechanismName | null): Program[] {
  const object = bpf.openObject(path)
  try {
    return [...bpf.programs(object)]
      .map(([name, handle]) => ({ name, section: bpf.programSection(handle) }))
      .filter((program) => isOptional(program) && isWanted(program, mechanism))
      .filter((program) => !looksAgain(program) || isPreemptible())
  } finally {
    bpf.closeObject(object)
  }
}

/** The kernel's word against this program, loaded alone; null: none. */
function refusal(path: string, name: string): string | null {
  const object = openForThisKernel(path)
  try {
    for (const [other, program] of bpf.programs(object)) bpf.setAutoload(program, other === name)
    bpf.loadObject(object, path)
    return null
  } catch (error) {
    if (error instanceof bpf.KernelError) return error.parts.found
    throw error
  } finally {
    bpf.closeObject(object)
  }
}

export const leftOut = ({ name, section }: Program, refused: string): LeftOut => ({
  decision: pairOf(name)?.decision ?? (name.startsWith('again_fork') ? 'identity' : 'exec'),
  hook: hookOf(section),
  refused: isYounger(name) ? '' : refused,
})
