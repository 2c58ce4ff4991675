// SPDX-License-Identifier: Apache-2.0
// Unix sockets with a path are files: who connects or sends needs to write there, by the path as it is seen from the
// client's home. Abstract ones are left to network namespaces. Needs hooks that can deny; without, the state says so.
import { spawn, type ChildProcess } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { documents, need, Sandbox, until } from '../harness/sandbox.ts'

const [perl, sh] = [need('perl'), need('sh')]
const system = [
  '/usr/**',
  '/lib/**',
  '/lib64/**',
  '/etc/**',
  '/dev/null',
  '/dev/urandom',
  '/proc/**',
]
const helpers: ChildProcess[] = []

let s: Sandbox
let denies = false
let boxes = 0

beforeAll(async () => {
  s = new Sandbox()
  await s.start(documents(s.policy('none', 'none', {})))
  denies = s.current().mechanisms.find(({ decision }) => decision === 'file')?.mechanism !== 'none'
})
afterAll(() => {
  for (const helper of helpers) helper.kill('SIGKILL')
  s.close()
})

const at = (name: string) => join(s.files, name)

/** Perl that listens (or hears) at its first argument. */
const serves = (type: 'STREAM' | 'DGRAM') => `use Socket; $| = 1;
  socket(S, AF_UNIX, SOCK_${type}, 0); bind(S, pack_sockaddr_un($ARGV[0])) or die $!;
  ${type === 'STREAM' ? 'listen(S, 8)' : '1'} or die $!; print "ready\\n"; sleep 1000`

/** Outside of every policy; `shell` runs before it, in a mount namespace of its own. */
async function server(type: 'STREAM' | 'DGRAM', path: string, shell = ':'): Promise<ChildProcess> {
  const words = ['-m', sh, '-c', `${shell}; exec "$@"`, 'sh', perl, '-e', serves(type), path]
  const child = spawn(need('unshare'), words, { stdio: ['ignore', 'pipe', 'inherit'] })
  helpers.push(child)
  let ready = false
  child.stdout.on('data', () => (ready = true))
  await until('the server is ready', () => ready)
  return child
}

const connects = `use Socket; socket(S, AF_UNIX, SOCK_STREAM, 0);
  print connect(S, pack_sockaddr_un($ARGV[0])) ? 'ok' : $!{EPERM} ? 'EPERM' : "$!"`
const sends = `use Socket; socket(S, AF_UNIX, SOCK_DGRAM, 0);
  print send(S, 'x', 0, pack_sockaddr_un($ARGV[0])) ? 'ok' : $!{EPERM} ? 'EPERM' : "$!"`

async function box(files: object[], mode: 'audit' | 'enforce' = 'enforce'): Promise<string> {
  const name = `unix-${++boxes}`
  const all = [...system.map((path) => ({ path, access: 'read' })), ...files]
  const processes = [{ exe: perl, files: all }, { exe: sh }]
  await s.setPolicies(documents(s.policy(name, name, { mode, processes })))
  return name
}
const writable = (...paths: string[]) => paths.map((path) => ({ path, access: 'write' }))
const ask = async (name: string, program: string, path: string) =>
  (await s.run(name, [perl, '-e', program, path])).stdout

test('a kernel that cannot refuse says so', () => {
  const row = s.current().mechanisms.find(({ decision }) => decision === 'file')
  if (!denies) expect(row?.degraded).toMatch(/\w/)
  else expect(row?.degraded).toBeUndefined()
})

test.for([
  ['STREAM', connects, 'connect'],
  ['DGRAM', sends, 'send'],
] as const)('%s: needs to write to the path', async ([type, program]) => {
  const [listed, other, readOnly] = ['listed', 'other', 'read'].map((name) => at(`${type}-${name}`))
  for (const path of [listed, other, readOnly]) await server(type, path as string)
  const link = at(`${type}-link`)
  fs.symlinkSync(other as string, link)
  const name = await box([
    ...writable(listed as string, link),
    { path: readOnly as string, access: 'read' },
  ])
  expect(await ask(name, program, listed as string)).toBe('ok')
  if (!denies) return
  for (const path of [other, readOnly, link])
    expect(await ask(name, program, path as string), path).toBe('EPERM')
  const rows = s.records().filter((row) => row.subject.name === name && row.decision === 'file')
  expect(rows.find(({ file }) => file === other)).toMatchObject({
    ...{ hook: 'connect', access: ['write'], outcome: 'denied', count: 2, rule: 'spec.processes' },
  })
})

test('audit lets through and reports', async () => {
  const path = at('audited')
  await server('STREAM', path)
  const name = await box(writable(at('something')), 'audit')
  expect(await ask(name, connects, path)).toBe('ok')
  if (!denies) return
  const rows = s.records().filter((row) => row.subject.name === name && row.file === path)
  expect(rows).toMatchObject([{ outcome: 'would-deny', decision: 'file', count: 1 }])
})

test('sockets without a path are not files', async () => {
  const name = await box([])
  const pair = `use Socket; socketpair(A, B, AF_UNIX, SOCK_STREAM, 0) or die; print syswrite(A, 'x') ? 'ok' : $!`
  expect(await ask(name, pair, '')).toBe('ok')
})

test("a socket of the host's is known by where the container sees it", async () => {
  const [hosts, seen] = [at('hosts'), at('seen')]
  for (const folder of [hosts, seen]) fs.mkdirSync(folder)
  const host = await server('STREAM', join(hosts, 'sock'), `mount -t tmpfs none ${hosts}`)
  const enter = `mount --bind ${hosts} ${seen} && umount ${hosts} &&
    echo $$ > "$0/cgroup.procs" && exec "$@"`
  const run = async (name: string) => {
    const words = ['-t', `${host.pid}`, '-m', need('unshare'), '-m', sh, '-c', enter]
    const argv = [...words, s.folder(name), perl, '-e', connects, join(seen, 'sock')]
    const child = spawn(need('nsenter'), argv, { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', (data: Buffer) => (out += data.toString()))
    await new Promise((resolve) => child.once('close', resolve))
    return out
  }
  expect(await run(await box(writable(join(seen, 'sock'))))).toBe('ok')
  if (!denies) return
  expect(await run(await box(writable(join(hosts, 'sock'))))).toBe('EPERM')
  const name = await box(writable('/nothing'))
  expect(await run(name)).toBe('EPERM')
  expect(s.records().find((row) => row.subject.name === name)?.file).toBe(join(seen, 'sock'))
})
