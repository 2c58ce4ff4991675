// SPDX-License-Identifier: Apache-2.0
// Every way Underpin can fail, once: a code, the exit code it ends a command with, and what it means.
// A message reads: operation "object": found …, expected … (remedy).
// A denial is not a failure: denials are values (see webhook/ and policies/).

export const failures = {
  usage: { exitCode: 2, meaning: 'the command line was not understood' },
  'input-missing': { exitCode: 2, meaning: 'a file or folder that was named does not exist' },
  'input-unreadable': { exitCode: 2, meaning: 'a file or folder exists and could not be read' },
  'input-too-large': { exitCode: 2, meaning: 'a file, or all of them together, is over the limit' },
  'input-invalid': { exitCode: 2, meaning: 'the content of a file or setting is not acceptable' },
  'policy-invalid': { exitCode: 2, meaning: 'a policy document has problems; none of it is used' },
  'listen-failed': { exitCode: 3, meaning: 'the server could not open its port' },
  'certificate-failed': { exitCode: 3, meaning: 'a certificate could not be made or loaded' },
  'cluster-unreachable': { exitCode: 3, meaning: 'the API server of a cluster did not answer' },
  'kernel-refused': { exitCode: 3, meaning: 'the kernel refused an operation' },
  'kernel-lacks': { exitCode: 3, meaning: 'the kernel or the user lacks something that is needed' },
  'kernel-object': { exitCode: 3, meaning: 'the BPF object is missing or does not fit this build' },
  undecidable: { exitCode: 3, meaning: 'an admission request that cannot be judged' },
  incomplete: { exitCode: 3, meaning: 'the work ended before everything was looked at' },
  internal: { exitCode: 3, meaning: 'a defect in Underpin itself' },
} as const

export type FailureCode = keyof typeof failures

export type FailureParts = {
  /** What was being done: "read policies". */
  operation: string
  /** What it was done to; printed in double quotes. */
  object?: string
  found: string
  expected?: string
  /** What the reader can do about it; printed in parentheses. */
  remedy?: string
}

export class UnderpinError extends Error {
  readonly code: FailureCode
  readonly exitCode: 2 | 3
  readonly parts: FailureParts

  constructor(code: FailureCode, parts: FailureParts, options?: { cause?: unknown }) {
    super(describe(parts), options)
    this.name = 'UnderpinError'
    this.code = code
    this.exitCode = failures[code].exitCode
    this.parts = parts
  }
}

function describe(parts: FailureParts): string {
  const object = parts.object === undefined ? '' : ` "${parts.object}"`
  const expected = parts.expected === undefined ? '' : `, expected ${parts.expected}`
  const remedy = parts.remedy === undefined ? '' : ` (${parts.remedy})`
  return `${parts.operation}${object}: found ${parts.found}${expected}${remedy}`
}

/** The words of anything that was thrown, for a message or a log line. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
