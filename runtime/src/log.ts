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
}

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
  return options.write === undefined
    ? pino(settings)
    : pino(settings, { write: (line: string) => options.write?.(line) })
}
