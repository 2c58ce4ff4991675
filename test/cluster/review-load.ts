// SPDX-License-Identifier: Apache-2.0
// Reviews through a real API server, one after the other without end: a pod that policy denies, as a dry run. Answered
// is what came back denied by us; everything else is a review that was lost, be it refused or let in.
import type { Ask } from './api.ts'
import type { Manifest } from '../../webhook/src/specimens.ts'

export type ReviewLoad = {
  readonly answered: number
  readonly lost: readonly string[]
  /** Resolves when so many more were answered or lost. */
  more: (count: number) => Promise<void>
  stop: () => Promise<void>
}

export function startReviews(ask: Ask, path: string, pod: Manifest, atOnce = 6): ReviewLoad {
  const lost: string[] = []
  let answered = 0
  let going = true
  let waiting: { at: number; done: () => void }[] = []
  const one = async () => {
    const { status, body } = await ask('POST', `${path}?dryRun=All`, pod)
    const { message = '' } = body as { message?: string }
    if (status === 403 && message.includes('denied the request: ')) answered++
    else lost.push(`${new Date().toISOString()} ${status}: ${message.slice(0, 300)}`)
    waiting = waiting.filter(({ at, done }) => {
      if (answered + lost.length < at) return true
      done()
      return false
    })
  }
  const loops = Array.from({ length: atOnce }, async () => {
    while (going) await one()
  })
  return {
    get answered() {
      return answered
    },
    lost,
    more: (count) =>
      new Promise((done) => waiting.push({ at: answered + lost.length + count, done })),
    async stop() {
      going = false
      await Promise.all(loops)
    },
  }
}
