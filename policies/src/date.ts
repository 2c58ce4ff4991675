// SPDX-License-Identifier: Apache-2.0
// Days as RFC 3339 writes them (2030-03-31). They compare as text.
import { complain, shown, type Complaint } from './complaint.ts'

export function readDate(text: string): { day: string } | Complaint {
  const forms = 'a day such as 2030-03-31'
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    const day = /^\d{4}-\d{2}-\d{2}/.exec(text)?.[0]
    return complain(shown(text), forms, day ? `write ${day}` : 'write year, month and day')
  }
  const date = new Date(`${text}T00:00:00Z`)
  const exists = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
  return exists
    ? { day: text }
    : complain(shown(text), 'a day of the calendar', 'correct the month or day')
}

/** The day of an instant, in UTC. */
export function dayOf(now: Date): string {
  return now.toISOString().slice(0, 10)
}
