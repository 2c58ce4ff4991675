// SPDX-License-Identifier: Apache-2.0
// What the command line may use.
export { enforce, type Agent, type EnforceOptions } from './enforce.ts'
export { enforceCluster, type ClusterAgent, type ClusterAgentOptions } from './cluster/agent.ts'
export { enforceAtBoot } from './cluster/at-boot.ts'
export { compile, patternsOf, scopeOf, type Plan } from './plan/compile.ts'
export { knownPods, type KnownPod } from './identity/pods.ts'
export { cgroupMount } from './kernel/cgroups.ts'
export { closeTables, openTables, readCounters, type Tables } from './kernel/maps.ts'
export { kernelMemory, type KernelMemory, type Rows as MemoryRows } from './kernel/memory.ts'
export { disarm } from './kernel/pins.ts'
export { inspectKernel, type Inspection } from './kernel/inspect.ts'
export {
  decisionTitles,
  mechanismsAttached,
  type DecisionMechanism,
  type DecisionName,
} from './kernel/mechanisms.ts'
export type { MechanismName, ProbeResult } from './kernel/probe.ts'
export { observe, type Observed, type Observer } from './report/observe.ts'
export { watchMachine, type SyscallCount, type Watch, type WatchOptions } from './report/watch.ts'
export {
  Describer,
  readRecords,
  readRest,
  type Record as LedgerRecord,
  type SubjectInfo,
} from './report/records.ts'
export { countFlows, openFlows, readFlows, type Flow, type FlowCount } from './report/flows.ts'
export { readUnseen, type Unseen } from './report/unseen.ts'
export { defaultPlaces, isRunning, readState, type Places, type State } from './state.ts'
