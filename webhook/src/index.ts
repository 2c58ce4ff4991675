// SPDX-License-Identifier: Apache-2.0
// The public surface of webhook/: the only file that other folders import.

export { admit, type Decision } from './admit.ts'
export { answerTo } from './answer.ts'
export { catalogue, type Effect, type FindingId } from './catalogue.ts'
export type { Coverage, CoverageVerdict } from './coverage.ts'
export { severities, type Finding, type Severity } from './finding.ts'
export { injectorsOf, type Injector } from './injectors.ts'
export type { Judgement, Knowledge, Objection } from './judge.ts'
export { meshes } from './meshes/index.ts'
export type { Mesh, MeshSettings } from './meshes/mesh.ts'
export { namespaceOf, type Namespace } from './namespace.ts'
export { readReview, writeAnswer, type Answer, type Review } from './review.ts'
export { scan, type ScanOptions, type ScanResult, type ScannedSubject } from './scan.ts'
export { startWebhook, type Webhook, type WebhookOptions } from './serve.ts'
export { subjectKey, subjectOf, workloadKinds, type Subject } from './subject.ts'
