// SPDX-License-Identifier: Apache-2.0
// What the agent tells other commands: one small JSON file, replaced as a whole. Everything that decides is in kernel
// maps; losing this file loses nothing that is in force.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DecisionMechanism } from './kernel/mechanisms.ts'

export interface State {
  pid: number
  started: string
  /** Where policies were loaded from. */
  policies: string
  pins: string
  cgroup: string
  /** What carries out which decision; `degraded` what is missing, `better` how to get it. */
  mechanisms: DecisionMechanism[]
  /** Raised by every applied plan. */
  generation: number
  /** When the plan now in force was applied. */
  applied: string
  loaded: { key: string; mode: 'audit' | 'enforce'; file: string; line: number }[]
  /** Problems of the newest files; the plan before stays in force. */
  problems: string[]
  /** UID (32 hexadecimal digits) → namespace/name. */
  pods: Record<string, string>
  /** Posture of what policy cannot know yet. */
  pending?: 'allow' | 'audit' | 'deny'
}

/** Runtime folders; the defaults are the product's, tests have their own. */
export interface Places {
  pins: string
  state: string
}

export const defaultPlaces: Places = { pins: '/sys/fs/bpf/underpin', state: '/run/underpin' }

export function writeState(folder: string, state: State): void {
  const path = join(folder, 'state.json')
  writeFileSync(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

export function readState(folder: string): State | null {
  try {
    return JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as State
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A file that a crash of the machine left damaged is like none: what is in force is in the maps.
    if (code === 'ENOENT' || code === 'ENOTDIR' || error instanceof SyntaxError) return null
    throw error
  }
}

/** Whether the agent that wrote the state is alive. */
export function isRunning(state: State | null): boolean {
  if (!state) return false
  try {
    process.kill(state.pid, 0)
    return true
  } catch {
    return false
  }
}
