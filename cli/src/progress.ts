// SPDX-License-Identifier: Apache-2.0
// One line that tells what is being done, on a terminal only, and is gone when it is done.
import { clean } from './clean-text.ts'

export interface Progress {
  tell: (words: string) => void
  end: () => void
}

/** A terminal is not written to more often than anyone can read. */
const betweenMs = 100

interface Terminal {
  isTTY?: boolean
  columns?: number
  write: (text: string) => unknown
}

export function createProgress(what: string, terminal: Terminal = process.stderr): Progress {
  if (terminal.isTTY !== true) return { tell: () => undefined, end: () => undefined }
  let last = 0
  const eraseLine = '\r\u001b[K'
  return {
    tell(words) {
      const now = performance.now()
      if (last !== 0 && now - last < betweenMs) return
      last = now
      const line = clean(`${what}: ${words}`).slice(0, (terminal.columns ?? 80) - 1)
      terminal.write(eraseLine + line)
    },
    end() {
      if (last !== 0) terminal.write(eraseLine)
    },
  }
}
