// SPDX-License-Identifier: Apache-2.0
// libbpf as typed calls; the only importer of koffi. Knows programs, maps and links, and nothing of policy.
// Every failure names the operation and the object, and carries the kernel's error number.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import koffi from 'koffi'
import { UnderpinError } from '../../../runtime/src/index.ts'

export type Handle = object & { readonly handle: unique symbol }

const lib = (() => {
  for (const name of ['libbpf.so.1', 'libbpf.so']) {
    try {
      return koffi.load(name)
    } catch {
      // try the next name
    }
  }
  throw new UnderpinError('kernel-lacks', {
    operation: 'load library',
    object: 'libbpf',
    found: 'no libbpf.so.1',
    remedy: 'install the package libbpf1',
  })
})()
const libc = koffi.load('libc.so.6')

const Sample = koffi.proto('int UnderpinSample(void *ctx, void *data, size_t size)')
const Print = koffi.proto('int UnderpinPrint(int level, const char *format, void *arguments)')
const OpenOptions = koffi.struct('underpin_open_opts', {
  sz: 'size_t',
  object_name: 'const char *',
})
const TestRun = koffi.struct('bpf_test_run_opts', {
  sz: 'size_t',
  data_in: 'void *',
  data_out: 'void *',
  data_size_in: 'uint32_t',
  data_size_out: 'uint32_t',
  ctx_in: 'void *',
  ctx_out: 'void *',
  ctx_size_in: 'uint32_t',
  ctx_size_out: 'uint32_t',
  retval: 'uint32_t',
  repeat: 'int',
  duration: 'uint32_t',
  flags: 'uint32_t',
  cpu: 'uint32_t',
  batch_size: 'uint32_t',
})

const LinkOptions = koffi.struct('underpin_link_opts', {
  sz: 'size_t',
  flags: 'uint32_t',
  iter_info_len: 'uint32_t',
  iter_info: 'void *',
})

const native = {
  open: lib.func(
    'void *bpf_object__open_mem(const void *bytes, size_t size, const underpin_open_opts *opts)',
  ),
  load: lib.func('int bpf_object__load(void *object)'),
  close: lib.func('void bpf_object__close(void *object)'),
  nextProgram: lib.func('void *bpf_object__next_program(void *object, void *previous)'),
  programName: lib.func('const char *bpf_program__name(void *program)'),
  programSection: lib.func('const char *bpf_program__section_name(void *program)'),
  kernelFunction: lib.func('int libbpf_find_vmlinux_btf_id(const char *name, int attachType)'),
  programFd: lib.func('int bpf_program__fd(void *program)'),
  setAutoload: lib.func('int bpf_program__set_autoload(void *program, bool autoload)'),
  attach: lib.func('void *bpf_program__attach(void *program)'),
  attachCgroup: lib.func('void *bpf_program__attach_cgroup(void *program, int cgroup)'),
  linkCreate: lib.func(
    'int bpf_link_create(int program, int target, int type, const underpin_link_opts *opts)',
  ),
  programQuery: lib.func(
    'int bpf_prog_query(int target, int type, uint32_t flags, _Out_ uint32_t *attachFlags, _Out_ void *ids, _Inout_ uint32_t *count)',
  ),
  linkPin: lib.func('int bpf_link__pin(void *link, const char *path)'),
  linkDestroy: lib.func('int bpf_link__destroy(void *link)'),
  linkFd: lib.func('int bpf_link__fd(void *link)'),
  nextMap: lib.func('void *bpf_object__next_map(void *object, void *previous)'),
  mapName: lib.func('const char *bpf_map__name(void *map)'),
  mapFd: lib.func('int bpf_map__fd(void *map)'),
  mapRoom: lib.func('int bpf_map__set_max_entries(void *map, uint32_t entries)'),
  mapReuse: lib.func('int bpf_map__reuse_fd(void *map, int fd)'),
  mapInitial: lib.func('void *bpf_map__initial_value(void *map, _Out_ size_t *size)'),
  pin: lib.func('int bpf_obj_pin(int fd, const char *path)'),
  openLink: lib.func('int bpf_raw_tracepoint_open(const char *name, int fd)'),
  get: lib.func('int bpf_obj_get(const char *path)'),
  lookup: lib.func('int bpf_map_lookup_elem(int fd, const void *key, _Out_ void *value)'),
  update: lib.func(
    'int bpf_map_update_elem(int fd, const void *key, const void *value, uint64_t flags)',
  ),
  remove: lib.func('int bpf_map_delete_elem(int fd, const void *key)'),
  nextKey: lib.func('int bpf_map_get_next_key(int fd, const void *key, _Out_ void *next)'),
  lookupBatch: lib.func(
    'int bpf_map_lookup_batch(int fd, void *from, _Out_ void *to, _Out_ void *keys, _Out_ void *values, _Inout_ uint32_t *count, const void *opts)',
  ),
  linkById: lib.func('int bpf_link_get_fd_by_id(uint32_t id)'),
  programById: lib.func('int bpf_prog_get_fd_by_id(uint32_t id)'),
  programLoad: lib.func(
    'int bpf_prog_load(int type, const char *name, const char *license, const void *code, size_t count, void *opts)',
  ),
  info: lib.func('int bpf_obj_get_info_by_fd(int fd, _Inout_ void *info, _Inout_ uint32_t *size)'),
  testRun: lib.func('int bpf_prog_test_run_opts(int fd, _Inout_ bpf_test_run_opts *opts)'),
  ringNew: lib.func('ring_buffer__new', 'void *', [
    'int',
    koffi.pointer(Sample),
    'void *',
    'void *',
  ]),
  ringConsume: lib.func('int ring_buffer__consume(void *ring)'),
  ringFree: lib.func('void ring_buffer__free(void *ring)'),
  setPrint: lib.func('libbpf_set_print', 'void *', [koffi.pointer(Print)]),
  cpus: lib.func('int libbpf_num_possible_cpus()'),
  iterCreate: lib.func('int bpf_iter_create(int link)'),
  closeFd: libc.func('int close(int fd)'),
  setns: libc.func('int setns(int fd, int type)'),
  flock: libc.func('int flock(int fd, int operation)'),
  mallocTrim: libc.func('int malloc_trim(size_t keep)'),
}
// libbpf writes to stderr of its own accord; we say ourselves what failed.
native.setPrint(null)

const names: Record<number, string> = {
  1: 'EPERM, not permitted',
  2: 'ENOENT, not found',
  7: 'E2BIG, no room',
  11: 'EAGAIN, try again',
  12: 'ENOMEM, out of memory',
  13: 'EACCES, refused by the verifier',
  16: 'EBUSY, in use',
  17: 'EEXIST, exists',
  22: 'EINVAL, not supported by this kernel',
  95: 'EOPNOTSUPP, not supported by this kernel',
  524: 'ENOTSUPP, not supported by this kernel',
}

/** A call that the kernel refused; `errno` is positive. */
export class KernelError extends UnderpinError {
  readonly errno: number
  constructor(operation: string, object: string, errno: number, remedy = '') {
    super('kernel-refused', {
      operation,
      object,
      found: names[errno] ?? `error ${errno}`,
      ...(remedy && { remedy }),
    })
    this.errno = errno
  }
}

function check(result: number, operation: string, object: string): number {
  if (result >= 0) return result
  const errno = result === -1 ? koffi.errno() : -result
  throw new KernelError(operation, object, errno || -result)
}

function pointer(result: unknown, operation: string, object: string): Handle {
  if (result) return result as Handle
  throw new KernelError(operation, object, koffi.errno())
}

/** Gives the system what was freed; the C library keeps it, since each change of a plan leaves holes that are small. */
export const returnFreedMemory = () => void native.mallocTrim(0)

// --- objects and programs ---

/** `bytes` are those of the file `path`; libbpf copies what it needs. */
export function openObject(path: string, bytes: Buffer = readFileSync(path)): Handle {
  const options = { sz: koffi.sizeof(OpenOptions), object_name: basename(path, '.bpf.o') }
  return pointer(native.open(bytes, bytes.length, options), 'open bpf object', path)
}
export const loadObject = (object: Handle, path: string) =>
  void check(native.load(object) as number, 'load bpf object', path)
export const closeObject = (object: Handle) => void native.close(object)

function* walk(
  next: (object: Handle, previous: Handle | null) => unknown,
  object: Handle,
): Generator<Handle> {
  for (let item = next(object, null); item; item = next(object, item as Handle))
    yield item as Handle
}

export function programs(object: Handle): Map<string, Handle> {
  return new Map(
    [...walk(native.nextProgram as never, object)].map((p) => [native.programName(p) as string, p]),
  )
}

/** As written in SEC(): type and hook. */
export const programSection = (program: Handle) => native.programSection(program) as string
const attachTypes = { lsm: 27, fmod_ret: 26, tp_btf: 23 }
/** Whether this kernel's type information knows the place that a section like "lsm/file_open" attaches to. */
export function hasHook(section: string): boolean {
  const [kind = '', hook = ''] = section.split('/')
  const type = attachTypes[kind as keyof typeof attachTypes] as number | undefined
  return type === undefined || (native.kernelFunction(hook, type) as number) > 0
}
export const setAutoload = (program: Handle, on: boolean) => void native.setAutoload(program, on)
export const programFd = (program: Handle) => native.programFd(program) as number

export const attach = (program: Handle, name: string) =>
  pointer(native.attach(program), 'attach bpf program', name)
/** The same for a program that is loaded already, which knows its hook; answers the link's descriptor. */
export const attachFd = (fd: number, name: string) =>
  check(native.openLink(null, fd) as number, 'attach bpf program', name)
export const attachCgroup = (program: Handle, name: string, cgroup: number) =>
  pointer(native.attachCgroup(program, cgroup), 'attach bpf program to cgroup', name)
/** Kinds of programs that may change the address that a process asks for (linux/bpf.h). */
export const asking: Record<string, number> = {
  'cgroup/connect4': 10,
  'cgroup/connect6': 11,
  'cgroup/sendmsg4': 14,
  'cgroup/sendmsg6': 15,
}
const preorder = 1 << 6
/**
 * Before every other program of the cgroup and those below it: the descriptor of a link; null: another kind of program, or
 * a kernel older than 6.17, which knows no order.
 */
export function attachFirst(program: Handle, cgroup: number): number | null {
  const type = asking[programSection(program)]
  if (type === undefined) return null
  const options = {
    sz: koffi.sizeof(LinkOptions),
    flags: preorder,
    iter_info_len: 0,
    iter_info: null,
  }
  const link = native.linkCreate(programFd(program), cgroup, type, options) as number
  return link < 0 ? null : link
}
const effective = 1
/** Ids of the programs of a kind that run for a cgroup, in their order: the first 64. */
export function programsOf(cgroup: number, type: number): number[] {
  const ids = Buffer.alloc(64 * 4)
  const count = [64]
  // fail open for telemetry: more than 64 are an error, and nothing is decided by this.
  if ((native.programQuery(cgroup, type, effective, [0], ids, count) as number) < 0) return []
  return Array.from({ length: count[0] ?? 0 }, (_, i) => ids.readUInt32LE(i * 4))
}
export const pinLink = (link: Handle, path: string) =>
  void check(native.linkPin(link, path) as number, 'pin bpf link', path)
export const linkFd = (link: Handle) => native.linkFd(link) as number
export const destroyLink = (link: Handle) => void native.linkDestroy(link)

// --- maps ---

export function maps(object: Handle): Map<string, Handle> {
  return new Map(
    [...walk(native.nextMap as never, object)].map((m) => [native.mapName(m) as string, m]),
  )
}

export const mapFd = (map: Handle) => native.mapFd(map) as number
export const setMaxEntries = (map: Handle, entries: number, name: string) =>
  void check(native.mapRoom(map, entries) as number, 'size bpf map', name)
export const reuseMap = (map: Handle, fd: number, name: string) =>
  void check(native.mapReuse(map, fd) as number, 'reuse bpf map', name)

/** Writes into .rodata before load: that is where `const volatile` settings live. */
export function setInitial(map: Handle, name: string, at: number, value: Buffer): void {
  const size: (number | bigint)[] = [0]
  const data: unknown = native.mapInitial(map, size)
  if (!data) throw new KernelError('read initial value of bpf map', name, 22)
  Buffer.from(koffi.view(data, Number(size[0]))).set(value, at)
}

export const pin = (fd: number, path: string) =>
  void check(native.pin(fd, path) as number, 'pin bpf object', path)
/** A descriptor of a pinned map, program or link. */
export const openPin = (path: string) =>
  check(native.get(path) as number, 'open pinned bpf object', path)
export const closeFd = (fd: number) => void native.closeFd(fd)

const ENOENT = 2
const ENOSPC = 28

/** False when there is no such key. */
export function lookup(fd: number, key: Buffer, value: Buffer): boolean {
  const result = native.lookup(fd, key, value) as number
  if (result >= 0) return true
  if (result === -ENOENT) return false
  throw new KernelError('look up in bpf map', `fd ${fd}`, -result)
}

export const NoExist = 1n
export const Exist = 2n
export function update(fd: number, name: string, key: Buffer, value: Buffer, flags = 0n): void {
  check(native.update(fd, key, value, flags) as number, 'update bpf map', name)
}

/** False when there is no such key. */
export function remove(fd: number, name: string, key: Buffer): boolean {
  const result = native.remove(fd, key) as number
  if (result >= 0) return true
  if (result === -ENOENT) return false
  throw new KernelError('delete from bpf map', name, -result)
}

/** False at the end. `key` null: the first key. */
export function nextKey(fd: number, key: Buffer | null, next: Buffer): boolean {
  return (native.nextKey(fd, key, next) as number) >= 0
}

export interface Batch {
  /** Where it begins; null: at the start. */
  from: Buffer | null
  /** Where the next one begins. */
  to: Buffer
  keys: Buffer
  values: Buffer
  /** Rows that there is room for. */
  room: number
}
/** Rows taken, and whether they were the last. `null`: this kernel has no batches for this map; 'small': no room. */
export function lookupBatch(
  fd: number,
  { from, to, keys, values, room }: Batch,
): { count: number; done: boolean } | 'small' | null {
  const count = [room]
  const result = native.lookupBatch(fd, from, to, keys, values, count, null) as number
  if (result >= 0) return { count: count[0] ?? 0, done: false }
  if (result === -ENOENT) return { count: count[0] ?? 0, done: true }
  return result === -ENOSPC ? 'small' : null
}

export const possibleCpus = () => native.cpus() as number

/** bpf_map_info or bpf_prog_info, as bytes (linux/bpf.h). */
export function objectInfo(fd: number, size: number): Buffer {
  const info = Buffer.alloc(size)
  const length = [size]
  check(native.info(fd, info, length) as number, 'read info of bpf object', `fd ${fd}`)
  return info
}

/** A descriptor of any loaded program. */
export const openProgram = (id: number) =>
  check(native.programById(id) as number, 'open bpf program', `id ${id}`)

/** False as soon as nothing holds it any more; what it attached may take a moment longer to go. */
export function isLink(id: number): boolean {
  const fd = native.linkById(id) as number
  if (fd >= 0) closeFd(fd)
  return fd >= 0
}

// --- running programs by hand ---

/** Loads a program of instructions as they are; its descriptor. Types 1: socket filter, 8: cgroup_skb, 17: raw
 * tracepoint. */
export const loadCode = (type: 1 | 8 | 17, name: string, code: Buffer) =>
  check(
    native.programLoad(type, name, 'GPL', code, code.length / 8, null) as number,
    'load bpf program',
    name,
  )

/** A cgroup_skb program that does nothing (r0 = 1; exit): what running any program costs. */
export const loadEmpty = () =>
  loadCode(8, 'empty', Buffer.from('b7000000010000009500000000000000', 'hex'))

/** Runs a program on `input`; answers its return value, what it left in the packet, and ns per run. */
export function testRun(
  fd: number,
  input: Buffer,
  output: Buffer,
  repeat = 1,
): { result: number; nanoseconds: number } {
  const opts = {
    sz: koffi.sizeof(TestRun),
    data_in: input,
    data_out: output,
    data_size_in: input.length,
    data_size_out: output.length,
    ctx_in: null,
    ctx_out: null,
    ctx_size_in: 0,
    ctx_size_out: 0,
    retval: 0,
    repeat,
    duration: 0,
    flags: 0,
    cpu: 0,
    batch_size: 0,
  }
  check(native.testRun(fd, opts) as number, 'run bpf program', `fd ${fd}`)
  return { result: opts.retval, nanoseconds: opts.duration }
}

// --- ring buffers ---

export interface Ring {
  /** Takes what is there; answers how many records. */
  consume(): number
  close(): void
}

/** `onRecord` gets a copy of each record. It must not throw. */
export function openRing(fd: number, name: string, onRecord: (record: Buffer) => void): Ring {
  const callback = koffi.register((_: unknown, data: unknown, size: number) => {
    onRecord(Buffer.from(new Uint8Array(koffi.view(data, Number(size)))))
    return 0
  }, koffi.pointer(Sample))
  const ring = pointer(native.ringNew(fd, callback, null, null), 'open ring buffer', name)
  return {
    consume: () => check(native.ringConsume(ring) as number, 'read ring buffer', name),
    close: () => {
      native.ringFree(ring)
      koffi.unregister(callback)
    },
  }
}

// --- one agent at a time ---

const lockExclusive = 2 | 4 // LOCK_EX | LOCK_NB

/** False when another process holds the lock. It goes with the process, however that ends. */
export const tryLock = (fd: number) => (native.flock(fd, lockExclusive) as number) === 0

/** Runs a program over everything that it iterates; how many bytes it wrote. */
export function runIterator(link: Handle): number {
  const fd = check(native.iterCreate(native.linkFd(link)) as number, 'run program', 'iterator')
  const bytes = Buffer.alloc(4096)
  let written = 0
  try {
    for (let got = 1; got > 0; written += got) got = readSync(fd, bytes)
  } finally {
    native.closeFd(fd)
  }
  return written
}

const newNetwork = 0x40000000 // CLONE_NEWNET

/** Does this in another network namespace, which must not wait for anything: it is the thread's own while it lasts. */
export function inNetwork<T>(path: string, act: () => T): T {
  const [own, other] = ['/proc/thread-self/ns/net', path].map((one) => openSync(one, 'r')) as [
    number,
    number,
  ]
  try {
    check(native.setns(other, newNetwork) as number, 'enter network namespace', path)
    try {
      return act()
    } finally {
      check(native.setns(own, newNetwork) as number, 'return to network namespace', path)
    }
  } finally {
    closeSync(other)
    closeSync(own)
  }
}
