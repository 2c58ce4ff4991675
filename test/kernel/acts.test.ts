// SPDX-License-Identifier: Apache-2.0
// What a running program does: the files it opens, under whatever name, and the privileges it uses. Needs hooks that can
// deny (lsm, fmod_ret); where there are none, what is said about that is the test.
import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { documents, kernelAtLeast, need, Sandbox, type Ended } from '../harness/sandbox.ts'

const [perl, sh] = [need('perl'), need('sh')]
/** What the dynamic loader and Perl itself open. */
const system = [
  '/usr/**',
  '/lib/**',
  '/lib64/**',
  '/etc/**',
  '/dev/null',
  '/dev/urandom',
  '/proc/**',
].map((path) => ({
  path,
  access: 'read' as const,
}))

let s: Sandbox
let denies = false
beforeAll(async () => {
  s = new Sandbox()
  await s.start(documents(s.policy('none', 'none', {})))
  denies = s.mechanism() !== 'signal'
  fs.mkdirSync(s.files, { recursive: true })
})
afterAll(() => s.close())

let boxes = 0
type Box = { name: string; perl: (program: string, ...args: string[]) => Promise<Ended> }
async function box(entry: object, spec: object = {}): Promise<Box> {
  const name = `acts-${++boxes}`
  const processes = [{ exe: perl, ...entry }, { exe: sh }]
  await s.setPolicies(documents(s.policy(name, name, { mode: 'enforce', processes, ...spec })))
  return { name, perl: (program, ...args) => s.run(name, [perl, '-e', program, ...args]) }
}
const file = (name: string, text = 'secret'): string => {
  const at = join(s.files, name)
  fs.mkdirSync(join(at, '..'), { recursive: true })
  fs.writeFileSync(at, text)
  return at
}
const of = (name: string, decision: string) =>
  s.records().filter((r) => r.subject.name === name && r.decision === decision)

/** What each program prints: "ok", or the error. */
const read = 'my $ok = open(my $f, "<", $ARGV[0]); print $ok ? <$f> : "$!"'
const write = 'my $ok = open(my $f, "+<", $ARGV[0]); print $ok ? "ok" : "$!"'
const call = (code: string) => `my $ok = ${code}; print $ok ? "ok" : "$!"`
const refused = 'Operation not permitted'

test('what a kernel without such hooks cannot enforce is said', () => {
  const row = s.current().mechanisms.find(({ decision }) => /file/.test(decision))
  if (denies) expect(row?.mechanism).toBe(s.mechanism())
  else
    expect(row).toMatchObject({ mechanism: 'none', degraded: expect.stringMatching(/./) as string })
})

describe('files', () => {
  test('are read and written as far as they are listed', async () => {
    if (!denies) return
    const open = file('list/open')
    const secret = file('list/secret')
    const { name, perl } = await box({
      files: [
        ...system,
        { path: open, access: 'read' },
        { path: join(s.files, 'log'), access: 'write' },
      ],
    })
    expect((await perl(read, open)).stdout).toBe('secret')
    expect((await perl(read, secret)).stdout).toBe(refused)
    expect((await perl(write, open)).stdout).toBe(refused)
    expect((await perl(write, file('log'))).stdout).toBe('ok')
    const rows = of(name, 'file')
    expect(rows).toHaveLength(2)
    expect(rows).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          file: open,
          access: ['read', 'write'],
          count: 1,
          outcome: 'denied',
        }),
        expect.objectContaining({
          file: secret,
          access: ['read'],
          count: 1,
          rule: 'spec.processes',
        }),
      ]),
    )
  })

  test('in audit everything is opened, and told', async () => {
    if (!denies) return
    const secret = file('audit/secret')
    const { name, perl } = await box({ files: system }, { mode: 'audit' })
    expect((await perl(read, secret)).stdout).toBe('secret')
    expect(of(name, 'file')).toMatchObject([{ file: secret, outcome: 'would-deny', count: 1 }])
  })

  test('a guard rail holds under every name', async () => {
    if (!denies) return
    const secret = file('rail/in/secret')
    const other = join(s.files, 'rail/other')
    const { perl } = await box({}, { deny: [{ file: { path: secret, access: 'read' } }] })
    const attempts: Record<string, string> = {
      open: read,
      link: 'link($ARGV[0], $ARGV[1]) and $ARGV[0] = $ARGV[1];' + read,
      symlink: 'symlink($ARGV[0], $ARGV[1]) and $ARGV[0] = $ARGV[1];' + read,
      rename: 'rename($ARGV[0], $ARGV[1]) and $ARGV[0] = $ARGV[1];' + read,
      'rename its directory':
        'my ($d) = $ARGV[0] =~ m,(.*)/,; rename($d, $ARGV[1]) and $ARGV[0] = "$ARGV[1]/secret";' +
        read,
      'descend to it': 'chdir(($ARGV[0] =~ m,(.*)/,)[0]); $ARGV[0] = "secret";' + read,
      'through proc': '$ARGV[0] = "/proc/self/root$ARGV[0]";' + read,
      truncate: 'truncate($ARGV[0], 0);' + read,
    }
    for (const [name, program] of Object.entries(attempts)) {
      const { stdout } = await perl(program, secret, other)
      expect([name, stdout]).toEqual([name, refused])
      fs.rmSync(other, { force: true, recursive: true })
      expect([name, fs.readFileSync(secret, 'utf8')]).toEqual([name, 'secret'])
    }
  })

  test('a file that may not be written is not replaced either', async () => {
    if (!denies) return
    const kept = file('kept')
    const mine = file('mine', 'other')
    const { perl } = await box({}, { deny: [{ file: { path: kept, access: 'write' } }] })
    expect((await perl(read, kept)).stdout).toBe('secret')
    for (const program of [write, call('rename($ARGV[1], $ARGV[0])'), call('unlink($ARGV[0])')])
      expect((await perl(program, kept, mine)).stdout).toBe(refused)
    expect(fs.readFileSync(kept, 'utf8')).toBe('secret')
  })

  test('pipes and memory are no files', async () => {
    if (!denies) return
    const { perl } = await box({ files: system })
    const program =
      'pipe(my $r, my $w) or die; my $ok = open(my $f, "<", "/proc/self/fd/".fileno($r)); print $ok ? "ok" : "$!"'
    expect((await perl(program)).stdout).toBe('ok')
  })
})

describe('privileges', () => {
  const mount =
    'my ($a, $b, $c) = ("none", $ARGV[0], "tmpfs"); my $r = syscall(165, $a, $b, $c, 0, 0); print $r == 0 ? "ok" : "$!"'
  const userNamespace = 'my $r = syscall(272, 0x10000000); print $r == 0 ? "ok" : "$!"'
  const trace =
    'my $p = fork // die; if (!$p) { sleep 9; exit } my $r = syscall(101, 16, $p, 0, 0); print $r == 0 ? "ok" : "$!"; kill 9, $p'
  const bpf =
    'my $attr = "\\0" x 64; syscall(321, 0, $attr, 64); print $! == 1 ? "refused" : "asked"'
  const chown = call('chown(1, 1, $ARGV[0])')

  test('are those that are listed', async () => {
    if (!denies) return
    const at = join(s.files, 'mnt')
    fs.mkdirSync(at)
    const none = await box({ privileges: [] })
    expect((await none.perl(mount, at)).stdout).toBe(refused)
    expect((await none.perl(trace)).stdout).toBe(refused)
    expect((await none.perl(bpf)).stdout).toBe('refused')
    expect((await none.perl(chown, file('owned'))).stdout).toBe(refused)
    if (kernelAtLeast('6.1')) expect((await none.perl(userNamespace)).stdout).toBe(refused)
    expect(of(none.name, 'privilege').map(({ privilege }) => privilege)).toEqual(
      // Old kernels ask for the capability first.
      expect.arrayContaining([kernelAtLeast('5.13') ? 'bpf' : 'BPF', 'CHOWN', 'trace']),
    )
    const some = await box({
      privileges: ['trace', 'CHOWN', 'user-namespaces', 'bpf', 'SYS_ADMIN', 'SYS_PTRACE'],
    })
    expect((await some.perl(trace)).stdout).toBe('ok')
    expect((await some.perl(chown, file('owned'))).stdout).toBe('ok')
    expect((await some.perl(userNamespace)).stdout).toBe('ok')
    expect((await some.perl(mount, at)).stdout).toBe(refused)
  })

  test('are not limited where no entry lists any, but by guard rails', async () => {
    if (!denies) return
    const free = await box({})
    expect((await free.perl(chown, file('owned'))).stdout).toBe('ok')
    const rail = await box({}, { deny: [{ privilege: 'CHOWN' }] })
    expect((await rail.perl(chown, file('owned'))).stdout).toBe(refused)
    expect((await rail.perl(trace)).stdout).toBe('ok')
    expect(of(rail.name, 'privilege')).toMatchObject([{ privilege: 'CHOWN', rule: 'spec.deny[0]' }])
  })
})
