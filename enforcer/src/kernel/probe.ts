// SPDX-License-Identifier: Apache-2.0
// How can an exec be denied on this kernel? Found out by effect: a program that denies one process of ours is attached,
// and that process tries. An LSM program attaches without error and denies nothing where "bpf" is not in the active
// LSM list, so neither loading nor attaching proves anything.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encode } from './codec.ts'
import { Mechanism } from './abi.gen.ts'
import * as bpf from './libbpf.ts'

export type MechanismName = 'lsm' | 'fmod_ret' | 'signal'
export interface ProbeResult {
  mechanism: MechanismName
  works: boolean
  /** Why not, in the kernel's words or ours. */
  reason: string
}

export const mechanismNumber: Record<MechanismName, number> = {
  lsm: Mechanism.LSM,
  fmod_ret: Mechanism.FMOD_RET,
  signal: Mechanism.SIGNAL,
}

/** Best first: a denied exec is better than a killed one. */
export const preference: MechanismName[] = ['lsm', 'fmod_ret', 'signal']

const u32 = {
  name: 'u32',
  size: 4,
  fields: [{ name: 'value' as const, offset: 0, is: 'u32' as const }],
}

export async function probe(object: string, mechanism: MechanismName): Promise<ProbeResult> {
  const result = (works: boolean, reason: string): ProbeResult => ({ mechanism, works, reason })
  let handle: bpf.Handle | undefined
  let link: bpf.Handle | undefined
  try {
    handle = bpf.openObject(object)
    const name = `probe_${mechanism}`
    const programs = bpf.programs(handle)
    for (const [other, program] of programs) bpf.setAutoload(program, other === name)
    bpf.loadObject(handle, object)
    link = bpf.attach(programs.get(name) as bpf.Handle, name)
    const target = bpf.maps(handle).get('target') as bpf.Handle
    const outcome = await tryExec((pid) => aimAt(target, pid))
    if (mechanism === 'signal')
      return result(
        outcome === 'SIGKILL',
        outcome === 'SIGKILL' ? 'kills' : 'attaches and kills nothing',
      )
    return result(
      outcome === 'denied',
      outcome === 'denied' ? 'denies' : 'attaches and denies nothing',
    )
  } catch (error) {
    return result(false, error instanceof Error ? error.message : String(error))
  } finally {
    if (link) bpf.destroyLink(link)
    if (handle) bpf.closeObject(handle)
  }
}

export function aimAt(target: bpf.Handle, pid: number): void {
  const [key, value] = [encode(u32, { value: 0 }), encode(u32, { value: pid })]
  bpf.update(bpf.mapFd(target), 'target', key, value)
}

/** Whether a program of a cgroup denies a connection there: in a cgroup of its own, a process of ours tries. */
export async function probeCgroup(
  object: string,
  mount: string,
): Promise<Omit<ProbeResult, 'mechanism'>> {
  const folder = join(mount, `underpin-probe-${process.pid}`)
  let handle: bpf.Handle | undefined
  let link: bpf.Handle | undefined
  let opened: number | undefined
  try {
    mkdirSync(folder)
    opened = openSync(folder, 'r')
    handle = bpf.openObject(object)
    const programs = bpf.programs(handle)
    for (const [name, program] of programs) bpf.setAutoload(program, name === 'probe_cgroup')
    bpf.loadObject(handle, object)
    link = bpf.attachCgroup(programs.get('probe_cgroup') as bpf.Handle, 'probe_cgroup', opened)
    const target = bpf.maps(handle).get('target') as bpf.Handle
    const works = await connectionFails((pid) => {
      aimAt(target, pid)
      writeFileSync(join(folder, 'cgroup.procs'), String(pid))
    })
    return { works, reason: works ? 'denies' : 'attaches and denies nothing' }
  } catch (error) {
    return { works: false, reason: error instanceof Error ? error.message : String(error) }
  } finally {
    if (link) bpf.destroyLink(link)
    if (handle) bpf.closeObject(handle)
    if (opened !== undefined) closeSync(opened)
    if (existsSync(folder)) rmdirSync(folder)
  }
}

/** Connects to the discard port of loopback, where usually nobody listens: 3 when it was not permitted. */
const connects = `process.stdin.once('data', () => require('net').connect(9, '127.0.0.1')
  .on('connect', () => process.exit(0)).on('error', (e) => process.exit(e.code === 'EPERM' ? 3 : 0)))`

async function connectionFails(aim: (pid: number) => void): Promise<boolean> {
  const child = spawn(process.execPath, ['-e', connects], { stdio: ['pipe', 'ignore', 'ignore'] })
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>
  try {
    // One that could not be started has no number, and 0 would be ourselves; `exit` says why.
    if (child.pid !== undefined) aim(child.pid)
    child.stdin.end('go\n')
    return (await exit)[0] === 3
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL')
    await exit
  }
}

/** A shell of ours waits for a line, then replaces itself by `true`: 126 when the exec was denied. */
async function tryExec(aim: (pid: number) => void): Promise<'ran' | 'denied' | 'SIGKILL'> {
  const child = spawn('/bin/sh', ['-c', 'read line; exec /bin/true'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>
  aim(child.pid ?? 0)
  child.stdin.end('go\n')
  const [code, signal] = await exit
  if (signal === 'SIGKILL') return 'SIGKILL'
  return code === 0 ? 'ran' : 'denied'
}
