// SPDX-License-Identifier: Apache-2.0
// The kernel's ring of events → lines of events.jsonl. Verdicts do not depend on it, and the ledger has the counts.
import { appendFileSync, existsSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../../../runtime/src/index.ts'
import * as abi from '../kernel/abi.gen.ts'
import { decode } from '../kernel/codec.ts'
import { openRing, type Ring } from '../kernel/libbpf.ts'
import type { Tables } from '../kernel/maps.ts'
import { Describer } from './records.ts'

const maxBytes = 16 * 1024 * 1024

export class EventLog {
  private readonly tables: Tables
  private readonly path: string
  private readonly log: Log
  private readonly ring: Ring
  private events: abi.Event[] = []

  /** `folder`: where the file is. */
  constructor(tables: Tables, folder: string, log: Log) {
    this.tables = tables
    this.path = join(folder, 'events.jsonl')
    this.log = log
    this.ring = openRing(tables.events, 'events', (record) =>
      this.events.push(decode(abi.event, record)),
    )
  }

  /** `pods`: UID → namespace/name. */
  drain(pods: Record<string, string>): void {
    this.ring.consume()
    const events = this.events
    if (events.length === 0) return
    this.events = []
    const describer = new Describer(this.tables, new Map(Object.entries(pods)))
    const lines = events.map((event) => {
      const record = describer.recordOf(event)
      return JSON.stringify({ time: record.last, ...record, first: undefined, last: undefined })
    })
    this.write(`${lines.join('\n')}\n`)
  }

  close(): void {
    this.ring.close()
  }

  /** Bounded: two files of `maxBytes`. */
  private write(lines: string): void {
    const { path } = this
    try {
      if (existsSync(path) && statSync(path).size > maxBytes) renameSync(path, `${path}.1`)
      appendFileSync(path, lines, { mode: 0o600 })
    } catch (error) {
      // fail open for telemetry
      this.log.error({ err: error }, 'events could not be written, ignoring')
    }
  }
}
