// SPDX-License-Identifier: Apache-2.0
// Connections that a changed policy denies are ended, where that is asked for and the kernel can (Linux 6.5): in whatever
// network namespace they are; and no others. Where it cannot, the state says so.
import { spawn, type ChildProcess } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { enforce } from '../../enforcer/src/index.ts'
import { createLog } from '../../runtime/src/index.ts'
import { documents, kernelAtLeast, need, Sandbox, until } from '../harness/sandbox.ts'

const [perl, sh] = [need('perl'), need('sh')]
const children: ChildProcess[] = []
let s: Sandbox

const policy = (cgroup: string, rules: object, mode = 'enforce') =>
  s.policy(cgroup, cgroup, {
    mode: mode as 'enforce',
    processes: [{ exe: [perl, sh, '/usr/bin/**'], ingress: [{}], ...rules }],
  })

beforeAll(async () => {
  s = new Sandbox({ alone: true })
  const write = (line: string) => void s.log.push(JSON.parse(line) as Record<string, unknown>)
  s.write(s.policies, documents(policy('none', {})))
  s.write(s.pods, '')
  const log = createLog({ level: 'debug', write })
  s.agent = await enforce({ ...s.options(), cutDenied: true, log })
})
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  s.close()
})

/** Both ends of a connection; when it is told, it says what became of the end that connected. */
const program = (type: 'STREAM' | 'DGRAM') => `use Socket; $| = 1;
  socket(L, AF_INET, SOCK_${type}, 0); bind(L, pack_sockaddr_in(0, INADDR_LOOPBACK)) or die $!;
  ${type === 'STREAM' ? 'listen(L, 4);' : ''}
  socket(C, AF_INET, SOCK_${type}, 0); connect(C, getsockname(L)) or die $!;
  ${type === 'STREAM' ? 'accept(A, L) or die $!;' : ''}
  print "ready\\n"; <STDIN>; $SIG{ALRM} = sub { print "waits\\n"; exit }; alarm 1;
  print defined sysread(C, $b, 1) ? "heard\\n" : $!{ECONNABORTED} ? "ended\\n" : "$!\\n"`

function begin(cgroup: string, type: 'STREAM' | 'DGRAM') {
  const inside = `ip link set lo up && echo $$ > "$0/cgroup.procs" && exec "$@"`
  const words = ['-n', sh, '-c', inside, s.folder(cgroup), perl, '-e', program(type)]
  const child = spawn(need('unshare'), words, { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  let out = ''
  child.stdout.on('data', (data: Buffer) => (out += data.toString()))
  const says = (what: RegExp) => until(`it says ${what.source}`, () => what.exec(out)?.[0])
  return {
    ready: says(/ready/),
    ask: () => {
      child.stdin.write('\n')
      return says(/waits|ended|heard|[A-Z].*\n/)
    },
  }
}

test('those that the new policy denies, in their own network namespaces, and no others', async () => {
  const open = { egress: [{}] }
  const names = ['denied', 'allowed', 'audited']
  const all = (rules: object, audited: object) =>
    documents(policy('denied', rules), policy('allowed', open), policy('audited', audited, 'audit'))
  await s.setPolicies(all(open, open))
  const tries = names.flatMap((name) =>
    (['STREAM', 'DGRAM'] as const).map((type) => ({ name, ...begin(name, type) })),
  )
  for (const { ready } of tries) await ready
  await s.setPolicies(all({ egress: [] }, { egress: [] }))
  const said: string[] = []
  for (const { name, ask } of tries) said.push(`${name} ${await ask()}`)
  const denied = kernelAtLeast('6.5') ? 'denied ended' : 'denied waits'
  expect(said).toEqual([
    ...[denied, denied],
    ...['allowed waits', 'allowed waits', 'audited waits', 'audited waits'],
  ])
})

test('a kernel that cannot says so', () => {
  const row = s.current().mechanisms.find(({ decision }) => decision === 'packet')
  if (kernelAtLeast('6.5')) expect(row?.degraded).toBeUndefined()
  else expect(row?.better).toMatch(/6\.5/)
})
