// SPDX-License-Identifier: Apache-2.0
// What processes carry, when it gets difficult: several subjects, no room, subjects that are gone, threads and pids that
// are used again; and containers that only their namespaces tell.
import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Lineage, Limit } from '../../enforcer/src/kernel/abi.gen.ts'
import { cgroupId } from '../../enforcer/src/kernel/cgroups.ts'
import { documents, ended, need, Sandbox, until } from '../harness/sandbox.ts'

const sh = need('sh')
const bash = need('bash')
const perl = need('perl')
const bad = need('true')
const tools = ['sh', 'bash', 'perl', 'sleep', 'unshare', 'nsenter', 'mkdir', 'rmdir', 'cat'].map(
  need,
)
const listed = [{ exe: tools, egress: [{ ports: ['9/TCP'] }] }]

let s: Sandbox
const policies = (...more: object[]) =>
  documents(
    s.policy('strict', 'strict*', { processes: tools.map((exe) => ({ exe })) }),
    s.policy('lax', 'lax*', { processes: [{ exe: '/**', egress: [{}] }] }),
    ...more,
  )
beforeAll(async () => {
  s = new Sandbox()
  await s.start(policies())
})
afterAll(() => s.close())

const denied = () => (s.mechanism() === 'signal' ? '137' : '126')
const folders = (...names: string[]) => names.map((name) => s.folder(name))
/** Runs in `cgroup`, moves to each of the others in turn, and tells how `code` ends. */
const tour = async (cgroup: string, others: string[], code = '"$0"; echo $?') => {
  const script =
    'program=$0; for to do echo 0 > "$to/cgroup.procs"; done; set -- ; eval "$code" "$program"'
  const run = script.replace('eval "$code" "$program"', `sh -c '${code}' "$program"`)
  return (await s.run(cgroup, [sh, '-c', run, bad, ...folders(...others)])).stdout.trim()
}

describe('several subjects', () => {
  test('a strict one that was entered in passing stays', async () => {
    expect(await tour('lax', [])).toBe('0')
    expect(await tour('lax', ['strict', 'lax', 'free'])).toBe(denied())
    expect(await tour('strict', ['lax', 'free'])).toBe(denied())
    expect(await tour('lax-1', ['lax-2', 'lax-3', 'free'])).toBe('0')
  })
  test('also for what it sends, from sockets of its own', async () => {
    const connect = `exec 2>&1; bash -c "echo > /dev/tcp/127.0.0.1/9"`
    expect(await tour('lax', ['free'], connect)).toMatch(/refused/)
    expect(await tour('lax', ['strict', 'free'], connect)).toMatch(/not permitted/)
  })
  test('and for its children, wherever they are', async () => {
    const child = '( cat /proc/self/cgroup > /dev/null; "$0"; echo $? )'
    expect(await tour('lax', ['strict', 'free', 'lax-1'], child)).toBe(denied())
  })
  test('one more than it can carry, and everything is denied to it', async () => {
    const some = Array.from({ length: Limit.CARRIED }, (_, i) => `lax-${i}`)
    expect(await tour('lax', some.slice(1))).toBe('0')
    const grown = await s.counted(async () => expect(await tour('lax', some)).toBe(''))
    expect(grown.sets_full).toBeGreaterThan(0)
  })
  test('the report names the one that denies', async () => {
    await tour('lax', ['strict', 'free'])
    const names = s.records().filter(({ executable }) => executable === bad)
    expect(names.map(({ subject }) => subject.name)).toContain('strict')
  })
})

describe('no room for processes', () => {
  /** Fills the table with rows that mean nothing while `act` runs. */
  async function full(act: () => Promise<void>): Promise<void> {
    const { processes } = s.tables()
    const keys: { value: number }[] = []
    try {
      for (let i = 0; i < 100_000; i++) {
        const key = { value: 2 ** 31 + i }
        try {
          processes.set(key, {})
        } catch {
          break
        }
        keys.push(key)
      }
      await act()
    } finally {
      for (const key of keys) processes.delete(key)
    }
  }
  test('a process that leaves its cgroup is denied everything, one that stays is decided by it', async () => {
    await full(async () => {
      expect(await tour('strict', [])).toBe(denied())
      expect(await tour('lax', [])).toBe('0')
      expect(await tour('strict', ['free'])).toBe('')
      expect(await tour('strict', ['lax'])).toBe('')
      expect(await tour('free', [])).toBe('0')
    })
    // The numbers are used again by others, which have nothing to do with it.
    for (let i = 0; i < 50; i++) expect(await tour('free', [])).toBe('0')
    expect(await tour('lax', ['free'])).toBe('0')
  })
})

test('a subject whose cgroup is gone denies everything to who still carries it', async () => {
  const code = `rmdir ${s.folder('lax-gone')}; sleep 0.2; "$0"; echo $?`
  const grown = await s.counted(async () => {
    // The shell is there already; what it starts is not any more.
    expect(await tour('lax-gone', ['free'], code)).toBe(denied())
  })
  expect(grown.ruleset_missing).toBeGreaterThan(0)
})

describe('a process', () => {
  const leave = () =>
    `open(my $f, ">", "${s.folder('free')}/cgroup.procs"); syswrite($f, "0"); close $f;`
  const after = async (code: string) =>
    (await s.run('strict', [perl, '-e', `${leave()} ${code}`, bad])).stdout.trim()
  const report = 'waitpid($pid, 0); print $? & 127 ? 128 + ($? & 127) : $? >> 8;'
  test('whose second thread calls exec', async () => {
    const thread =
      'use threads; threads->create(sub { exec {$ARGV[0]} "x"; POSIX::_exit(126) })->join;'
    const code = `use POSIX; my $pid = fork; if (!$pid) { ${thread} } ${report}`
    expect(await after(code)).toBe(denied())
  })
  test('that is made like vfork makes it', async () => {
    const clone = process.arch === 'arm64' ? 220 : 56
    const code = `my $pid = syscall(${clone}, 0x4000 | 17, 0, 0, 0, 0);
      if ($pid == 0) { exec {$ARGV[0]} "x"; syscall(231, 126); } ${report}`
    expect(await after(code)).toBe(denied())
  })
  // Its pid namespace is the one that nobody gets out of.
  test('that enters the host’s namespaces', async () => {
    // Perl, since what is run by the shells' quoting would be run by three of them.
    const inside = `exec "nsenter", "-t", ${process.pid}, "-m", "-u", "-i", "-n",
      "${sh}", "-c", q{"$0"; echo $?}, $ARGV[0];`
    const { stdout, stderr } = await s.run('strict', [
      ...[need('unshare'), '-m', '--propagation', 'unchanged', '-p', '-u', '-i', '-n', '-f'],
      ...[perl, '-e', `${leave()} ${inside}`, bad],
    ])
    expect(stdout.trim(), stderr).toBe(denied())
  })
  test('that gets the number of one that is gone', async () => {
    const first = s.spawn('strict', [need('sleep'), '60'])
    const pid = first.pid ?? 0
    await until('it is known', () => s.tables().processes.get({ value: pid }))
    await ended(first, 'SIGKILL')
    await until('its row is gone', () => !s.tables().processes.get({ value: pid }))
    for (let attempt = 0; attempt < 50; attempt++) {
      fs.writeFileSync('/proc/sys/kernel/ns_last_pid', `${pid - 1}`)
      const { stdout } = await s.run('free', [sh, '-c', '"$0"; echo $$ $?', bad])
      const [number, status] = stdout.trim().split(' ')
      if (Number(number) !== pid) continue
      expect(status).toBe('0')
      return
    }
    throw new Error('the number was never given again')
  })
})

describe('a container that only its namespaces tell', () => {
  const everywhere = (processes: object[]) => {
    const policy = s.policy('containers', 'unused', { processes }) as { spec: { select?: object } }
    delete policy.spec.select
    return policy
  }
  const box = [need('unshare'), '-m', '-p', '-f', '--propagation', 'unchanged', '--mount-proc']
  const report = '"$0"; echo $?'

  test('is decided by what policies say of every container', async () => {
    await s.setPolicies(policies(everywhere(listed)))
    const tried = (prefix: string[], code = report) =>
      s.run('free', [...prefix, sh, '-c', code, bad]).then(({ stdout }) => stdout.trim())
    expect(await tried([])).toBe('0')
    expect(await tried(box)).toBe(denied())
    // One of the two namespaces is no container.
    expect(await tried([need('unshare'), '-m', '--propagation', 'unchanged'])).toBe('0')
    expect(await tried([need('unshare'), '-p', '-f'])).toBe('0')
    const leave = `echo 0 > ${s.folder('elsewhere')}/cgroup.procs; ${report}`
    expect(await tried(box, leave)).toBe(denied())
    const [found] = s.records().filter(({ subject }) => subject.name.startsWith('container of pid'))
    expect(found).toMatchObject({ executable: bad, subject: { scope: 'unmanaged' } })
  })

  test('its programs and those that are put there later are told apart; it ends with its first process', async () => {
    await s.setPolicies(
      policies(everywhere(tools.map((exe) => ({ exe, startedBy: 'entrypoint' })))),
    )
    const child = s.spawn('free', [...box, sh, '-c', 'sleep 60; :'])
    const first = await until('it runs', () => childrenOf(child.pid ?? 0)[0])
    const inner = await until('it has a child', () => childrenOf(first)[0])
    const row = await until('it is known', () => s.tables().processes.get({ value: inner }))
    expect(row.lineage).toBe(Lineage.ENTRYPOINT)
    expect(row.subject >> 63n).toBe(1n)
    const enter = [need('nsenter'), '-t', `${inner}`, '-m', '-p', sh, '-c', 'echo ran']
    expect((await s.run('free', enter)).stdout).toBe('')
    process.kill(first, 'SIGKILL')
    await ended(child)
    await until('its subject is gone', () => !s.tables().subjects.get({ value: row.subject }), 5000)
  })

  test('that was there before its policy is known from then on', async () => {
    await s.setPolicies(policies())
    s.agent?.stop()
    s.agent = undefined
    const child = s.spawn('free', [...box, bash, '-c', 'read go; "$0"; echo $?', bad])
    let stdout = ''
    child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()))
    const inner = await until('it runs', () => childrenOf(child.pid ?? 0)[0])
    await until('it is bash', () => fs.readlinkSync(`/proc/${inner}/exe`) === bash)
    s.tables().processes.delete({ value: inner }) // as if we had not been there
    await s.start(policies(everywhere(listed)))
    const row = s.tables().processes.get({ value: inner })
    expect(row?.subject).toBe((1n << 63n) | BigInt(namespaceOf(inner)))
    child.stdin?.end('go\n')
    await ended(child)
    expect(stdout.trim()).toBe(denied())
  })
})

const namespaceOf = (pid: number) => Number(/\d+/.exec(fs.readlinkSync(`/proc/${pid}/ns/pid`))?.[0])

function childrenOf(pid: number): number[] {
  return fs
    .readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number)
}

test('what is known of a process goes with its cgroup and itself', () => {
  expect(s.tables().cgroups.get({ value: cgroupId(join(s.cgroup, 'free')) })).toBeUndefined()
})
