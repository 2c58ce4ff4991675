// SPDX-License-Identifier: Apache-2.0
// Something wrong in a policy file: where, and what to do about it. The CLI, the webhook and a policy's status show the same.
import { complaintText, type Complaint } from './complaint.ts'

/** `path` is the field, for example spec.processes[0].egress[1].ports[0]; empty for the whole document. */
export type Problem = { file: string; line: number; column: number; path: string; message: string }

/** Steps from the document to a value. */
export type Path = readonly (string | number)[]

export type Place = { line: number; column: number }

/** A complaint about the value at a path; `name` when the field's name itself is what is wrong. */
export type Mistake = { path: Path; complaint: Complaint; at?: 'name' }

/** The one line shown to people; no path in front of it when the document as a whole is meant. */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  return `${file}:${line}:${column}${path === '' ? '' : ` ${path}`}: ${message}`
}

export function problemAt(
  file: string,
  { line, column }: Place,
  path: Path,
  complaint: Complaint,
): Problem {
  return { file, line, column, path: pathText(path), message: complaintText(complaint) }
}

export function pathText(path: Path): string {
  return path
    .map((step, i) => {
      if (typeof step === 'number') return `[${step}]`
      return /^[A-Za-z]\w*$/.test(step)
        ? `${i === 0 ? '' : '.'}${step}`
        : `[${JSON.stringify(step)}]`
    })
    .join('')
}

/** By file, then place; the order in which one corrects them. */
export function byPlace(a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column || (a.message < b.message ? -1 : 1)
}
