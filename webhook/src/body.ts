// SPDX-License-Identifier: Apache-2.0
// Reads the body of a request within a size, a time, and the room that all bodies together have. What does
// not fit is not lost entirely: its beginning is kept, because the UID to answer stands there.

import type { Readable } from 'node:stream'
import { headBytes } from './head.ts'
import { beyondBounds } from './json-bounds.ts'

/**
 * Two objects (object and oldObject) of up to 3 MiB each, which is what the API server lets through to etcd
 * (1.5 MiB, with room for JSON's escapes), and 1 MiB for the rest of the request.
 */
export const bodyLimit = 7 * 1024 * 1024

/** Read and dropped behind the limit, so that the sender gets to reading our answer. */
const drainLimit = 4 * bodyLimit

export type Body =
  | { kind: 'whole'; text: string }
  /** All of it is here, and it would become too much when parsed. */
  | { kind: 'beyond'; head: string; why: string }
  /** `drained`: all of it has been read, so that the connection can be used again. */
  | { kind: 'oversized'; head: string; drained: boolean }
  | { kind: 'late'; head: string }
  /** Pushed out by younger ones: those who send slowly must not keep out those who send at once. */
  | { kind: 'crowded'; head: string }
  | { kind: 'broken' }

/** The memory that bodies under way may take together. */
export type Room = {
  enter(pushOut: () => void): { grow(bytes: number): void; leave(): void }
  readonly used: number
}

/** Four of the largest at once, or three thousand of 20 kB. */
export const usualRoom = 4 * 2 * bodyLimit

export function createRoom(bytes = usualRoom): Room {
  let used = 0
  // In the order of arrival.
  const inside = new Map<object, { held: number; pushOut: () => void }>()
  return {
    get used() {
      return used
    },
    enter(pushOut) {
      const guest = { held: 0, pushOut }
      inside.set(guest, guest)
      const leave = () => {
        if (inside.delete(guest)) used -= guest.held
      }
      return {
        leave,
        grow(more) {
          guest.held += more
          used += more
          // fail open or closed: whoever is pushed out is answered by the failure mode, like one that is late.
          for (const oldest of inside.values()) {
            if (used <= bytes) return
            oldest.pushOut()
          }
        },
      }
    },
  }
}

/** Most bodies fit into one, and the next body takes the same piece: memory beside the heap is collected late. */
const firstPiece = 32 * 1024
const spare: Buffer[] = []
const mostSpare = 64

function takePiece(bytes: number): Buffer {
  return (bytes === firstPiece ? spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(bytes)
}

function givePiece(piece: Buffer): void {
  if (piece.length === firstPiece && spare.length < mostSpare) spare.push(piece)
}

const nothing = Buffer.alloc(0)

export type ReadBody = { limit?: number; timeMs: number; room: Room }

export function readBody(stream: Readable, options: ReadBody): Promise<Body> {
  const { limit = bodyLimit, timeMs, room } = options
  return new Promise((resolve) => {
    // One piece of memory, not a list of what arrived: a body can come in pieces of one byte.
    let held: Buffer = nothing
    let size = 0
    let done = false
    const bytes = () => held.subarray(0, size)
    const head = () => held.subarray(0, Math.min(size, held.length, headBytes)).toString()
    const place = room.enter(() => {
      finish({ kind: 'crowded', head: head() })
    })
    const timer = setTimeout(() => {
      finish({ kind: 'late', head: head() })
    }, timeMs)
    const finish = (body: Body) => {
      if (done) return
      done = true
      clearTimeout(timer)
      place.leave()
      stream.off('data', take)
      stream.off('end', end)
      stream.off('error', broken)
      stream.off('close', broken)
      // An error that comes later has nobody to tell.
      stream.on('error', () => undefined)
      if (['oversized', 'late', 'crowded'].includes(body.kind)) stream.pause()
      givePiece(held)
      held = nothing
      resolve(body)
    }
    const keep = (chunk: Buffer) => {
      if (size + chunk.length > held.length) {
        const larger = Math.max(firstPiece, held.length * 2, size + chunk.length)
        const more = takePiece(larger)
        held.copy(more, 0, 0, size)
        const before = held.length
        givePiece(held)
        held = more
        place.grow(larger - before)
        // It may have been pushed out itself.
        if (done) return
      }
      chunk.copy(held, size)
    }
    const take = (chunk: Buffer) => {
      if (size + chunk.length <= limit) keep(chunk)
      else if (size <= limit) {
        // Only its beginning is of use from here on.
        const before = held.length
        const beginning = Buffer.from(held.subarray(0, Math.min(size, headBytes)))
        givePiece(held)
        held = beginning
        place.grow(held.length - before)
      }
      size += chunk.length
      if (size > Math.max(drainLimit, limit))
        finish({ kind: 'oversized', head: head(), drained: false })
    }
    const end = () => {
      if (size > limit) {
        finish({ kind: 'oversized', head: head(), drained: true })
        return
      }
      const why = beyondBounds(bytes())
      finish(
        why === null
          ? { kind: 'whole', text: bytes().toString() }
          : { kind: 'beyond', head: head(), why },
      )
    }
    const broken = () => {
      finish({ kind: 'broken' })
    }
    stream.on('data', take)
    stream.on('end', end)
    stream.on('error', broken)
    stream.on('close', broken)
  })
}

/** "?timeout=10s", as the API server writes it (Go's durations); 10 s when absent, at most 30 s. */
export function timeLimit(timeout: unknown): number {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 }
  const found =
    typeof timeout === 'string' ? /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m)$/.exec(timeout) : null
  const given = found === null ? 10_000 : Number(found[1]) * (units[found[2] ?? ''] ?? 1000)
  const limit = Math.min(given, 30_000)
  // The answer must be there before the API server gives up.
  return Math.max(limit - 200, limit / 2)
}
