// SPDX-License-Identifier: Apache-2.0
// The logger: one JSON object a line, a constant lower-case message, everything variable in keys.
// The same key means the same thing everywhere: pod, namespace, policy, mesh, node, err, file, code.
// Secrets are cut out by key, whatever logs them; bodies of requests are never logged at all.

import { pino, type Logger } from 'pino'

export type Log = Logger

export type LogOptions = {
  level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Where lines go; standard output when absent. */
  write?: (line: string) => void
  /** Keys that every line carries, for instance the part that logs. */
  base?: Record<string, string>
  /**
   * Do not wait until lines are written: for who answers others meanwhile. Whoever reads our output may
   * stop doing so; lines beyond 1 MiB are then dropped, and told here.
   */
  background?: { dropped: () => void }
}

/** Lines that are not written yet; some 4,000. */
const mostWaiting = 1024 * 1024

/** Lines are written some ten at a time, and never later than this: a write costs more than making the line. */
const together = { minLength: 4096, periodicFlush: 200 }

const secret = ['authorization', 'cookie', 'token', 'password', 'secret', 'privateKey', 'body']

/** Redaction looks at a key itself and at one level below any key: a log line is never deeper. */
const redact = { paths: secret.flatMap((key) => [key, `*.${key}`]), censor: '[redacted]' }

export function createLog(options: LogOptions = {}): Log {
  const settings = {
    level: options.level ?? 'info',
    base: options.base ?? {},
    redact,
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const { write, background } = options
  if (write !== undefined) return pino(settings, { write: (line: string) => write(line) })
  if (background === undefined) return pino(settings)
  const output = pino.destination({ dest: 1, sync: false, maxLength: mostWaiting, ...together })
  output.on('drop', background.dropped)
  return pino(settings, output)
}
