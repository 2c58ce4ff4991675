// SPDX-License-Identifier: Apache-2.0
// How long it is believed what a resolver said of a name.
export interface BeliefTimes {
  /** Seconds for which an answer is believed at least, whatever its TTL is. */
  floor: number
  /** Seconds for which it is believed after that. */
  grace: number
}

/**
 * Floor: runtimes keep an answer longer than its TTL says, Java for 30 s by default (networkaddress.cache.ttl). Grace: the
 * process that asked last connects a little later still: it tries its addresses one after the other.
 */
export const defaultTimes: BeliefTimes = { floor: 30, grace: 10 }
