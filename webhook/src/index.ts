// SPDX-License-Identifier: Apache-2.0
// The public surface of webhook/: the only file that other folders import.

export { admit, type Decision } from './admit.ts'
export { answerTo } from './answer.ts'
export { folderStore } from './certificates/folder-store.ts'
export { secretStore } from './certificates/secret-store.ts'
export { besideFindings, type BesideFinding, type BesideKnowledge } from './beside.ts'
export { catalogue, layers, type Effect, type Entry, type FindingId } from './catalogue.ts'
export { clusterObjects, type ClusterObjects } from './cluster-objects.ts'
export type { Coverage, CoverageVerdict } from './coverage.ts'
export {
  exclusionTable,
  rowsFor as exclusionsFor,
  type Exclusion,
  type ExclusionOptions,
} from './exclusions.ts'
export { factsFrom, type FileFactsOptions } from './file-facts.ts'
export { failureModes, type FailureMode } from './failure-mode.ts'
export { severities, type Finding, type Severity } from './finding.ts'
export { injectorsOf, type Injector } from './injectors.ts'
export type { Judgement, Knowledge, Objection } from './judge.ts'
export { fixedKnowledge, type Facts, type KnowledgeSource } from './knowledge-source.ts'
export { profileFrom } from './meshes/generic.ts'
export { meshes } from './meshes/index.ts'
export type { Mesh, MeshSettings } from './meshes/mesh.ts'
export { resolveSettings, wantedOf } from './meshes/resolve-settings.ts'
export { settingsDialect } from './input/document-text.ts'
export { stepsOf } from './manifests.ts'
export { namespaceOf, type Namespace } from './namespace.ts'
export type { Controllers } from './owner-trust.ts'
export { readReview, writeAnswer, type Answer, type Review } from './review.ts'
export { against, baselineOf, readBaseline, type Baseline } from './baseline.ts'
export { explain, type Explanation, type ExplainedMesh, type ExplainResult } from './explain.ts'
export { liveKnowledge, type LiveKnowledge } from './live/live-knowledge.ts'
export { watchOwnObjects } from './live/own-objects.ts'
export { explainCluster } from './live/explain-cluster.ts'
export { isTarget, parseTarget, type Target } from './target.ts'
export { scanCluster, type ClusterScanOptions } from './live/scan-cluster.ts'
export type { Admission, AdmissionFinding, AdmissionRow } from './live/admission.ts'
export { ownerIn, type LiveRecord, type OwnerName } from './live/live-record.ts'
export { watchCluster, type LiveCluster, type LiveOptions } from './live/watched-cluster.ts'
export { manifestsOf, scan, type ScanOptions } from './scan.ts'
export {
  verdicts,
  type ScannedFinding,
  type ScannedSubject,
  type ScanResult,
} from './scan-result.ts'
export { startWebhook, type Webhook, type WebhookOptions } from './serve.ts'
export type { Step } from './step.ts'
export { subjectKey, subjectOf, type Subject } from './subject.ts'
export { parseTemplatePath, workloadKinds, type TemplatePaths } from './template-paths.ts'
