// SPDX-License-Identifier: Apache-2.0
// The folders that commands share: pins below bpffs, and the agent's state. And which files the agent was started with,
// so that other commands look at the same ones.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Places, State } from '../../enforcer/src/index.ts'
import type { Arguments, Option } from './command.ts'

/** The same as the enforcer's own, which cannot be loaded everywhere (a test compares them). */
export const usualPlaces: Places = { pins: '/sys/fs/bpf/underpin', state: '/run/underpin' }

export const pinsOption: Option = {
  name: 'pins',
  value: 'DIR',
  help: `folder of the pinned maps, below bpffs (${usualPlaces.pins})`,
}
export const stateOption: Option = {
  name: 'state',
  value: 'DIR',
  help: `folder of the agent's state (${usualPlaces.state})`,
}

export function placesOf(args: Arguments): Places {
  return {
    pins: resolve(args.value('pins') ?? usualPlaces.pins),
    state: resolve(args.value('state') ?? usualPlaces.state),
  }
}

export interface Inputs {
  policies: string[]
  pods: string[]
}

export function rememberInputs(folder: string, inputs: Inputs): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'inputs.json')
  writeFileSync(`${path}.new`, `${JSON.stringify({ pid: process.pid, ...inputs }, null, 2)}\n`, {
    mode: 0o600,
  })
  renameSync(`${path}.new`, path)
}

/** null: no agent has run with this state folder. */
export function inputsOf(folder: string, state: State | null): Inputs | null {
  try {
    const { pid, ...inputs } = JSON.parse(
      readFileSync(join(folder, 'inputs.json'), 'utf8'),
    ) as Inputs & { pid: number }
    if (state === null || state.pid === pid) return inputs
  } catch {
    // none: an agent that is just starting, or one that another program runs
  }
  return state?.policies ? { policies: [state.policies], pods: [] } : null
}
