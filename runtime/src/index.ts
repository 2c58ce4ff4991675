// SPDX-License-Identifier: Apache-2.0
// The public surface of runtime/: the only file that other folders import.

export { openCluster } from './cluster.ts'
export type { Cluster, ClusterAnswer, ClusterOptions, ClusterSend } from './cluster.ts'
export { watchObjects } from './watch.ts'
export type { Watch, WatchedObject, WatchEvent, Watching, WatchTimes, WatchWhat } from './watch.ts'
export { failures, reasonOf, UnderpinError } from './errors.ts'
export type { FailureCode, FailureParts } from './errors.ts'
export { createLog } from './log.ts'
export type { Log, LogOptions } from './log.ts'
export { createMetrics, durationBuckets } from './metrics.ts'
export type { Counter, Gauge, Histogram, Labels, Metrics } from './metrics.ts'
export { readDocuments } from './documents.ts'
export type { Document, KnownTexts, ReadOptions } from './documents.ts'
export { readListenAddress, serveTelemetry } from './telemetry.ts'
export type { Telemetry, TelemetryOptions } from './telemetry.ts'
export { createLifecycle, nextSignal } from './lifecycle.ts'
export type { Lifecycle } from './lifecycle.ts'
