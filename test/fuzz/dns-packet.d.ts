// SPDX-License-Identifier: Apache-2.0
// What the tests use of dns-packet, which brings no types.
declare module 'dns-packet' {
  interface Coder<T> {
    decode: ((bytes: Buffer, offset: number) => T) & { bytes: number }
  }
  export const name: Coder<string>
  export const question: Coder<{ name: string; type: string; class: string }>
  export const answer: Coder<{
    name: string
    type: string
    class?: string
    ttl?: number
    data?: unknown
  }>
}
