// SPDX-License-Identifier: Apache-2.0
// Can a program tell the files of a container image from those written later? Found out by effect: in a mount namespace of
// its own a process of ours starts a lower and an upper file of a small overlay, and a program says which was which.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as bpf from './libbpf.ts'
import { aimAt } from './probe.ts'

export interface Provenance {
  works: boolean
  /** Why not, in the kernel's words or ours. */
  reason: string
}

/** What probe_origin in bpf/probe.bpf.c answers for each file. */
const answers = ['nothing', 'lower', 'upper', "no overlay's"] as const

/** The upper file, a shell, starts the lower one. Everything is in a mount namespace that ends with them. */
const script = `
set -e
mount -t tmpfs tmpfs "$1"
cd "$1"
mkdir lower upper work merged
cp -L /bin/true lower/lower
cp -L /bin/sh upper/upper
mount -t overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" overlay merged
echo ready
read line
exec merged/upper -c 'exec merged/lower'`

export async function probeProvenance(object: string): Promise<Provenance> {
  const folder = mkdtempSync(join(tmpdir(), 'underpin-probe-'))
  let handle: bpf.Handle | undefined
  let link: bpf.Handle | undefined
  try {
    handle = bpf.openObject(object)
    const programs = bpf.programs(handle)
    for (const [name, program] of programs) bpf.setAutoload(program, name === 'probe_origin')
    bpf.loadObject(handle, object)
    link = bpf.attach(programs.get('probe_origin') as bpf.Handle, 'probe_origin')
    return await start(folder, bpf.maps(handle))
  } catch (error) {
    return { works: false, reason: error instanceof Error ? error.message : String(error) }
  } finally {
    if (link) bpf.destroyLink(link)
    if (handle) bpf.closeObject(handle)
    rmdirSync(folder)
  }
}

async function start(folder: string, maps: Map<string, bpf.Handle>): Promise<Provenance> {
  const child = spawn(
    'unshare',
    ['--mount', '--propagation', 'private', '/bin/sh', '-c', script, 'sh', folder],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )
  let problem = ''
  child.stderr.on('data', (data: Buffer) => (problem += data.toString()))
  child.stdin.on('error', () => {
    // it has ended, and says why
  })
  child.once('error', (error) => (problem += error.message))
  // Aimed only when it is about to start the files, so that no earlier program answers.
  child.stdout.once('data', () => {
    aimAt(maps.get('target') as bpf.Handle, child.pid ?? 0)
    child.stdin.end('go\n')
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0)
    return { works: false, reason: problem.trim() || `the trial ended with ${code ?? 'a signal'}` }
  const value = Buffer.alloc(4)
  bpf.lookup(bpf.mapFd(maps.get('found') as bpf.Handle), Buffer.alloc(4), value)
  const [upper, lower] = [value.readUInt32LE() >> 2, value.readUInt32LE() & 3].map(
    (digit) => answers[digit] ?? 'nothing',
  )
  return upper === 'upper' && lower === 'lower'
    ? { works: true, reason: 'tells them apart' }
    : { works: false, reason: `an upper file is taken for ${upper}, a lower one for ${lower}` }
}
