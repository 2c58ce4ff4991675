// SPDX-License-Identifier: Apache-2.0
// Privileged acts by name and number. Capabilities have the kernel's numbers (include/uapi/linux/capability.h),
// acts that no capability stands for follow from 64 on, as in enum privilege of bpf/abi.h.
import type { Privilege } from './policy.gen.ts'

const capabilities = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
] as const satisfies readonly Privilege[]

const acts = [
  'trace',
  'bpf',
  'mount',
  'kernel-modules',
  'user-namespaces',
] as const satisfies readonly Privilege[]

const numbers = new Map<string, number>([
  ...capabilities.map((name, number) => [name, number] as const),
  ...acts.map((name, index) => [name, 64 + index] as const),
])
const names = new Map([...numbers].map(([name, number]) => [number, name as Privilege]))

export const privileges: readonly Privilege[] = [...capabilities, ...acts]

export function privilegeNumber(name: Privilege): number {
  const number = numbers.get(name)
  if (number === undefined) throw new RangeError(`no privilege is named "${name}"`)
  return number
}

/** null: a capability that a newer kernel has. */
export function privilegeName(number: number): Privilege | null {
  return names.get(number) ?? null
}
