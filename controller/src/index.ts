// SPDX-License-Identifier: Apache-2.0
// The public surface of controller/: the only file that other folders import.

export { readJoin, type ClusterJoin, type JoinOptions } from './cluster-join.ts'
export { control, type ControllerOptions } from './controller.ts'
export {
  byExposure,
  joinStates,
  kernelTitles,
  sumsOf,
  type JoinRow,
  type JoinState,
} from './join.ts'
export { whatText, type PlacedSum } from './ledger-sums.ts'
export { runLease, type LeaseOptions } from './lease.ts'
export { controllerMetrics, type ControllerMetrics } from './metrics.ts'
export { formats, type FormatName } from './report-shape.ts'
