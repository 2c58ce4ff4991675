// SPDX-License-Identifier: Apache-2.0
// The agent: policies and pods → plan → diff → maps, again whenever a file changes (loop.ts); and back: ring → events.
// What it set up stays in force when it ends, however it ends; the next one takes over.
import { join } from 'node:path'
import { UnderpinError, type Log } from '../../runtime/src/index.ts'
import type { BeliefTimes } from './dns/times.ts'
import { lookAtProcesses, requireSight } from './identity/host.ts'
import { fileSource, noMemory, type Input, type Source } from './input.ts'
import * as abi from './kernel/abi.gen.ts'
import { cgroupId, cgroupMount } from './kernel/cgroups.ts'
import { cutterFor } from './kernel/cutting.ts'
import { lookAtKernel } from './kernel/facts.ts'
import { forgetAgents, makeKnown } from './kernel/guard.ts'
import type { Tables } from './kernel/maps.ts'
import { chosenOf, mechanismsOf, obstacle } from './kernel/mechanisms.ts'
import { attachObject } from './kernel/object.ts'
import { isSecond, withOrder } from './kernel/order.ts'
import { lockPlaces } from './lock.ts'
import { Loop } from './loop.ts'
import { setControl, type Applied } from './plan/apply.ts'
import { defaultPosture, type Posture } from './plan/pending.ts'
import { countFlows } from './report/flows.ts'
import type { Places, State } from './state.ts'

export interface EnforceOptions extends Places {
  /** Files or folders of policies; manifests of pods may lie among those of `pods`. */
  policies: string[]
  pods: string[]
  /** Instead of these files. */
  source?: Source
  /** Below this cgroup network decisions are made and subjects looked for; default: the root. */
  cgroup?: string
  /** Of pods that no manifest has, and of containers that no policy selects; default: audit. */
  pending?: Posture
  /** Addresses of the resolvers that names are learned from; default: the node's. */
  resolvers?: readonly string[]
  /** How long their answers are believed. */
  times?: Partial<BeliefTimes>
  /** Count who talks with whom, until disarm. */
  flows?: boolean
  /** End connections that a changed policy denies, besides dropping their packets; default: no. */
  cutDenied?: boolean
  /** The next agent may be in a container, also if this one is in none. */
  handOver?: boolean
  /** Folder of the built BPF objects. */
  objects: string
  log: Log
}

export interface Agent {
  state: () => State
  /** What is in force, for who tells of it; nothing of it is kept or changed. */
  inside: () => Inside
  /** Ends the agent; what is in force stays in force. */
  stop: () => void
}

export interface Inside {
  tables: Tables
  applied: Applied
  /** What the plan in force was made of. */
  input: Input
  mount: string
}

export async function enforce(options: EnforceOptions): Promise<Agent> {
  const unlock = lockPlaces(options)
  try {
    return await begin(options, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

async function begin(options: EnforceOptions, unlock: () => void): Promise<Agent> {
  const { log } = options
  const memory = noMemory()
  const source = options.source ?? fileSource(options)
  const first = (await source.read(memory)) as Input // nothing was seen before
  if (first.problems.length > 0)
    throw new UnderpinError('policy-invalid', {
      operation: 'load policies',
      object: options.policies.join(', '),
      found: `${first.problems.length} problem${first.problems.length === 1 ? '' : 's'}`,
      remedy: `nothing was changed:\n${first.problems.join('\n')}`,
    })
  const facts = await lookAtKernel(options.objects)
  const blocked = obstacle(facts)
  // fail closed for the agent: what cannot tell who does what must not look as if it enforced.
  if (blocked)
    throw new UnderpinError('kernel-lacks', {
      operation: 'enforce policies',
      object: facts.release,
      found: blocked.found,
      remedy: blocked.remedy,
    })
  const chosen = chosenOf(facts)
  const mount = cgroupMount()
  const cgroup = options.cgroup ?? mount
  requireSight(mount, cgroup)
  const { tables, loaded, leftOut } = attachObject({
    object: join(options.objects, 'underpin.bpf.o'),
    pins: options.pins,
    cgroup,
    mechanism: chosen,
  })
  tables.flags.set({ value: abi.Flag.BLIND_ORIGIN }, { value: facts.origin.works ? 0 : 1 })
  const mechanisms = withOrder(mechanismsOf(facts, leftOut), isSecond(options.pins, cgroup))
  log.info({ mechanism: chosen ?? 'none', takenOver: !loaded, cgroup }, 'attached')
  for (const { decision, degraded, better } of mechanisms)
    if (degraded) log.warn({ decision, degraded, better }, 'degraded')
  const state: State = {
    pid: process.pid,
    started: new Date().toISOString(),
    policies: options.policies[0] ?? '',
    pins: options.pins,
    cgroup,
    mechanisms,
    generation: 0,
    applied: '',
    loaded: [],
    problems: [],
    pods: {},
    pending: options.pending ?? defaultPosture,
  }
  if (options.flows) countFlows({ ...options, cgroup, pinned: true }).close()
  setControl(tables, { top: cgroupId(cgroup) })
  const look = () => lookAtProcesses(options.pins)
  makeKnown(tables, look)
  forgetAgents(tables)
  makeKnown(tables, look)
  const agent = new Loop(options, source, tables, state, mount, memory, first)
  if (options.cutDenied) agent.cutter = cutterFor(options, state)
  for (let input: Input | null = first; input && !agent.apply(input);)
    input = await source.read(memory)
  agent.start()
  return {
    state: () => state,
    inside: () => agent.inside(),
    stop: () => {
      agent.stop()
      unlock()
    },
  }
}
