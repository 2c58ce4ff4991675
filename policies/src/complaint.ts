// SPDX-License-Identifier: Apache-2.0
// What is wrong with one value, said so that its author can correct it: what was found, what is expected, how to get there.
// Parsers return a complaint instead of throwing; only code that holds an already checked policy may insist.

export type Complaint = { found: string; expected: string; remedy: string }

export function complain(found: string, expected: string, remedy: string): Complaint {
  return { found, expected, remedy }
}

export function isComplaint(result: object): result is Complaint {
  return 'remedy' in result
}

/** The one wording of every problem. */
export function complaintText({ found, expected, remedy }: Complaint): string {
  return `found ${found}, expected ${expected} (${remedy})`
}

/** For values that were checked when their policy was loaded: a complaint now is a mistake of the caller. */
export function insist<T extends object>(result: T | Complaint): T {
  if (isComplaint(result)) throw new RangeError(complaintText(result))
  return result
}

const longest = 120

/** A value as it is shown to a person: in double quotes, short, and unable to disturb a terminal or a log line. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text
  return typeof value === 'string' ? JSON.stringify(cut) : cut
}
