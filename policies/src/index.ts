// SPDX-License-Identifier: Apache-2.0
// The public surface of the policy language; the only file other folders import.
export {
  contains,
  formatAddress,
  formatNetwork,
  normaliseAddress,
  parseCidr,
  type Address,
  type Network,
} from './address.ts'
export { cgroupMatches, parseCgroupPattern, type Component } from './cgroup-pattern.ts'
export {
  exemption,
  exemptionSelects,
  pardon,
  requirements,
  type Pardon,
  type Requirement,
  type Workload,
} from './coverage.ts'
export {
  addressKey,
  indexCluster,
  noCluster,
  placeKey,
  type Cluster,
  type ClusterIndex,
  type ClusterPod,
  type ClusterService,
  type EndpointSlice,
  type Front,
  type Place,
} from './cluster.ts'
export { dayOf } from './date.ts'
export { dnsMatches, maxDomainLabels, parseDnsPattern, type DnsPattern } from './dns-pattern.ts'
export { readDocuments as parseDocuments, type Dialect, type PlainDocument } from './document.ts'
export type { Access, Asked, Decision, Origin, StartedBy, Verdict, Verdicts } from './decision.ts'
export { unenforceable } from './enforceable.ts'
export { evaluate, type Surroundings } from './evaluate.ts'
export type { RequestPart } from './condition-variables.ts'
export {
  allowance,
  evaluateCheck,
  evaluateCondition,
  type Allowance,
  type CheckVariables,
  type ConditionOutcome,
  type ConditionVariables,
  type Outcome,
  type Prediction,
} from './expression.ts'
export type { Fault } from './expression-fault.ts'
export type { PodFacts } from './implied.ts'
export { selectorMatches, type Labels, type Namespace } from './labels.ts'
export {
  load,
  loadObject,
  type LoadMemory,
  type LoadOptions,
  type LoadResult,
  type PolicyText,
} from './load.ts'
export type { KnownNames } from './known-names.ts'
export { readManifest, readManifests, type ManifestMemory, type Manifests } from './manifests.ts'
export { selection, selects, type Pod, type Selection, type Subject } from './match.ts'
export { nearest } from './nearest.ts'
export { directoriesOf, parsePathPattern, pathMatches, type PathPattern } from './path-pattern.ts'
export {
  identityFrom,
  identityHits,
  identityTo,
  nobody,
  type Identity,
  type PeerSelector,
} from './peer-selector.ts'
export {
  isCoverage,
  isRuntime,
  keyOf,
  namespaceOf,
  type Loaded,
  type LoadedCoverage,
  type RuntimeLike,
} from './policy-key.ts'
export {
  boundNodeState,
  nodeStateKind,
  nodeStateLimits,
  sameButCounts,
  sameNodeState,
  type NodeContainer,
  type NodeLedgerRow,
  type NodePolicy,
  type NodeState,
  type NodeStateStatus,
  type PodName,
} from './node-state.ts'
export { markOf, readMarks, writeMarks } from './policy-marks.ts'
export { privilegeName, privilegeNumber, privileges } from './privilege.ts'
export { socketUseName, socketUseNumber, socketUses } from './socket-kind.ts'
export {
  covers,
  parsePort,
  portRanges,
  protocols,
  type PortRange,
  type ProtocolName,
} from './port.ts'
export { formatProblem, type Problem } from './problem.ts'
export { flattenRules, restricts, type PeerNetwork, type Rule } from './rules.ts'
export { noResolvers, type Resolvers } from './resolvers.ts'
export { setMode } from './set-mode.ts'
export type {
  ClusterRuntimePolicy,
  CoverageCheck,
  CoverageMode,
  CoveragePolicy,
  Exemption,
  LabelSelector,
  Mode,
  NamespaceClass,
  Policy,
  RuntimePolicy,
} from './policy.gen.ts'
