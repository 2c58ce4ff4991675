// SPDX-License-Identifier: Apache-2.0
// Bytes ↔ plain objects, by a layout that was generated from BTF (abi.gen.ts). Little-endian machines only, which is
// what BPF objects for x86-64 and arm64 are built for.

type Is =
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | { text: number } // NUL-terminated, at most this many bytes
  | { bytes: number }
  | { array: Is; count: number }
  | Layout<never>

export interface Layout<T> {
  name: string
  size: number
  fields: { name: string & keyof T; offset: number; is: Is }[]
}

const scalars = { u8: 1, u16: 2, u32: 4, u64: 8 } as const

function sizeOf(is: Is): number {
  if (typeof is === 'string') return scalars[is]
  if ('text' in is) return is.text
  if ('bytes' in is) return is.bytes
  if ('array' in is) return sizeOf(is.array) * is.count
  return is.size
}

function put(buffer: Buffer, at: number, is: Is, value: unknown): void {
  if (is === 'u64') buffer.writeBigUInt64LE(BigInt.asUintN(64, value as bigint), at)
  else if (is === 'u32') buffer.writeUInt32LE((value as number) >>> 0, at)
  else if (is === 'u16') buffer.writeUInt16LE(value as number, at)
  else if (is === 'u8') buffer.writeUInt8(value as number, at)
  else if ('text' in is) buffer.set(fitting(value as string, is.text - 1), at)
  else if ('bytes' in is) buffer.set((value as Uint8Array).subarray(0, is.bytes), at)
  else if ('array' in is) {
    const step = sizeOf(is.array)
    for (let i = 0; i < is.count; i++)
      put(buffer, at + i * step, is.array, (value as unknown[])[i] ?? zero(is.array))
  } else write(buffer, at, is, value as object)
}

/** UTF-8, cut between characters. */
function fitting(text: string, most: number): Buffer {
  const bytes = Buffer.from(text)
  let end = Math.min(bytes.length, most)
  while (end > 0 && end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}

function zero(is: Is): unknown {
  if (is === 'u64') return 0n
  if (typeof is === 'string') return 0
  if ('text' in is) return ''
  if ('bytes' in is) return new Uint8Array(is.bytes)
  if ('array' in is) return []
  return {}
}

function get(buffer: Buffer, at: number, is: Is): unknown {
  if (is === 'u64') return buffer.readBigUInt64LE(at)
  if (is === 'u32') return buffer.readUInt32LE(at)
  if (is === 'u16') return buffer.readUInt16LE(at)
  if (is === 'u8') return buffer.readUInt8(at)
  if ('text' in is) {
    const end = buffer.indexOf(0, at)
    // Names on Linux are bytes; UTF-8 is what people mean by them.
    return buffer.toString('utf8', at, end < 0 || end > at + is.text ? at + is.text : end)
  }
  if ('bytes' in is) return new Uint8Array(buffer.subarray(at, at + is.bytes))
  if ('array' in is) {
    const step = sizeOf(is.array)
    return Array.from({ length: is.count }, (_, i) => get(buffer, at + i * step, is.array))
  }
  return read(buffer, at, is)
}

function write(buffer: Buffer, at: number, layout: Layout<never>, value: object): void {
  for (const field of layout.fields) {
    const given = (value as Record<string, unknown>)[field.name]
    if (given !== undefined) put(buffer, at + field.offset, field.is, given)
  }
}

function read(buffer: Buffer, at: number, layout: Layout<never>): object {
  const out: Record<string, unknown> = {}
  for (const field of layout.fields) out[field.name] = get(buffer, at + field.offset, field.is)
  return out
}

/** Absent fields are zero. */
export function encode<T>(layout: Layout<T>, value: Partial<T>): Buffer {
  const buffer = Buffer.alloc(layout.size)
  write(buffer, 0, layout, value)
  return buffer
}

export function decode<T>(layout: Layout<T>, buffer: Buffer, at = 0): T {
  return read(buffer, at, layout) as T
}
