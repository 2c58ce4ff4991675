// SPDX-License-Identifier: Apache-2.0
// Start in order, stop in reverse, once, within a time limit; and the signals that ask for it.
// A part that fails to stop is logged and does not keep the others from stopping.

import type { Log } from './log.ts'

export type Lifecycle = {
  /** Registers a part that runs now and is stopped by `stop`. */
  running(name: string, stop: () => Promise<void> | void): void
  /** Stops every part, last started first. A second call waits for the first. */
  stop(): Promise<void>
  readonly stopping: boolean
}

export function createLifecycle(log: Log, stopTimeoutMs = 30_000): Lifecycle {
  const parts: { name: string; stop: () => Promise<void> | void }[] = []
  let stopped: Promise<void> | undefined
  const stopAll = async () => {
    for (const part of parts.reverse()) {
      try {
        await within(stopTimeoutMs, part.stop)
      } catch (err) {
        log.error({ part: part.name, err }, 'part did not stop, ignoring')
      }
    }
  }
  return {
    running(name, stop) {
      parts.push({ name, stop })
    },
    stop() {
      stopped ??= stopAll()
      return stopped
    },
    get stopping() {
      return stopped !== undefined
    },
  }
}

/** Resolves with the signal's name when the process is asked to end; a second signal is left to the system. */
export function nextSignal(
  signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'],
): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const heard = (signal: NodeJS.Signals) => {
      for (const name of signals) process.off(name, heard)
      resolve(signal)
    }
    for (const name of signals) process.on(name, heard)
  })
}

async function within(limitMs: number, work: () => Promise<void> | void): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`still running after ${limitMs} ms`))
    }, limitMs)
  })
  try {
    await Promise.race([Promise.resolve(work()), late])
  } finally {
    clearTimeout(timer)
  }
}
