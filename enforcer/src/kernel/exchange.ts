// SPDX-License-Identifier: Apache-2.0
// Kernels before 5.12 know no atomic exchange, and refuse every program that holds one. There no program is preempted by
// another one, only interrupted by others that end first; so a plain load, followed by the store that the programs make
// anyway (bpf/work.bpf.h), claims as surely, and the object is loaded with each exchange turned into a load.

const sectionTypeProgram = 1
const flagExecutable = 4n
const instructionSize = 8
const exchange = 0xe1 // BPF_XCHG, in the immediate operand
/** BPF_STX | BPF_ATOMIC, of four and of eight bytes → BPF_LDX | BPF_MEM of the same size. */
const loads = new Map([
  [0xc3, 0x61],
  [0xdb, 0x79],
])

/** The instruction that exchanges one value, for a kernel to accept or refuse: loaded, run by nobody. */
export const exchangeProgram = Buffer.from(
  [
    'b701000000000000', // r1 = 0
    '7b1af8ff00000000', // *(u64 *)(r10 - 8) = r1
    'db1af8ffe1000000', // r1 = xchg(*(u64 *)(r10 - 8), r1)
    'b700000000000000', // r0 = 0
    '9500000000000000', // exit
  ].join(''),
  'hex',
)

/** The same object (ELF, 64 bit, little-endian) with plain loads; what is not an exchange stays as it is. */
export function withoutExchange(object: Buffer): Buffer {
  const out = Buffer.from(object)
  for (const { offset, size } of programSections(out))
    for (let at = offset; at + instructionSize <= offset + size; at += instructionSize) {
      const load = loads.get(out.readUInt8(at))
      if (load === undefined || out.readInt32LE(at + 4) !== exchange) continue
      const registers = out.readUInt8(at + 1)
      out.writeUInt8(load, at)
      out.writeUInt8(((registers & 0xf) << 4) | (registers >> 4), at + 1) // what was stored from is loaded into
      out.writeInt32LE(0, at + 4)
    }
  return out
}

function programSections(elf: Buffer): { offset: number; size: number }[] {
  const table = Number(elf.readBigUInt64LE(0x28))
  const entry = elf.readUInt16LE(0x3a)
  const count = elf.readUInt16LE(0x3c)
  return Array.from({ length: count }, (_, i) => table + i * entry)
    .filter(
      (at) =>
        elf.readUInt32LE(at + 4) === sectionTypeProgram &&
        (elf.readBigUInt64LE(at + 8) & flagExecutable) !== 0n,
    )
    .map((at) => ({
      offset: Number(elf.readBigUInt64LE(at + 0x18)),
      size: Number(elf.readBigUInt64LE(at + 0x20)),
    }))
}
