// SPDX-License-Identifier: Apache-2.0
// Identity that cannot be shed, with real cgroups and processes: a container is bound before its first exec, and what a
// process carries stays with it, wherever it goes and whatever it becomes.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { cgroupId } from '../../enforcer/src/kernel/cgroups.ts'
import { hashKeyOf } from '../../enforcer/src/plan/apply.ts'
import { hashPath } from '../../enforcer/src/plan/path-hash.ts'
import { cloneInto } from '../harness/perl.ts'
import { documents, ended, need, Sandbox, until } from '../harness/sandbox.ts'

const sh = need('sh')
const bad = need('true')
/** Everything that a test starts besides `bad`, which nothing allows. */
/** In a chroot the kernel refuses user namespaces to everybody: user_namespaces(7). */
const noUserNamespaces = spawnSync('unshare', ['--user', 'true']).status !== 0
const tools = ['sh', 'bash', 'setsid', 'unshare', 'sleep', 'mkdir', 'cat', 'env'].map(need)
const processes = [{ exe: tools }]
/** Each is hundreds of execs, which an emulated processor takes a minute for. */
const rounds = 'UNDERPIN_SLOWER' in process.env ? 1 : 5

let s: Sandbox
const policies = () =>
  documents(
    s.policy('box', 'box', { processes }),
    s.policy('early', 'early', { processes }),
    s.policy('loop', 'loop-*', { processes }),
    s.policy('late', '**/late-*', { processes }),
  )

beforeAll(async () => {
  s = new Sandbox()
  await s.start(policies())
})
afterAll(() => s.close())
afterEach(() => {
  const { denied, emitted, suppressed, lost, scratch_busy } = s.counters()
  expect(denied).toBe((emitted ?? 0) + (suppressed ?? 0) + (lost ?? 0))
  expect(scratch_busy).toBe(0)
})

const deniedStatus = () => (s.mechanism() === 'signal' ? 137 : 126)
const subjectAt = (cgroup: string) =>
  s.tables().cgroups.get({ value: cgroupId(s.folder(cgroup)) })?.subject
/** The status with which a shell sees `bad` end. */
const tried = async (cgroup: string, code: string, ...args: string[]) =>
  (await s.run(cgroup, [sh, '-c', code, bad, ...args])).stdout.trim()
const report = '"$0"; echo $?'

describe('a new cgroup', () => {
  test('inherits its subject, at any depth', async () => {
    const top = subjectAt('box')
    expect(top).toBe(cgroupId(s.folder('box')))
    for (const below of [
      'box/child',
      'box/a/b/c/d/e/f',
      'box/kubepods/pod0f9b1c2d111122223333444455556666',
      'box/late-1',
    ])
      expect(subjectAt(below), below).toBe(top)
    expect(await tried('box/a/b/c/d/e/f', report)).toBe(`${deniedStatus()}`)
  })

  test('made by a process of the subject is the subject’s', async () => {
    const made = join(s.folder('box'), 'own')
    const code = 'mkdir "$1" && echo $$ > "$1/cgroup.procs" && "$0"; echo $?'
    expect(await tried('box', code, made)).toBe(`${deniedStatus()}`)
    expect(subjectAt('box/own')).toBe(subjectAt('box'))
  })

  test('is decided at its first exec, a hundred times', async () => {
    const code = `
      i=0; while [ $i -lt 100 ]; do
        mkdir -p "$1/loop-$i/container"
        ( echo 0 > "$1/loop-$i/container/cgroup.procs"; "$0"; echo $? ) & wait $!
        i=$((i+1))
      done`
    const grown = await s.counted(async () => {
      const { stdout } = await s.run('outside', [sh, '-c', code, bad, s.cgroup])
      expect(stdout.trim().split('\n')).toEqual(Array<string>(100).fill(`${deniedStatus()}`))
    })
    expect(grown).toMatchObject({ denied: 100, ruleset_missing: 0 })
  })
})

describe('a process keeps what it carries', () => {
  /** Enters the box, leaves it for a cgroup that nobody selects, and goes on there. */
  const leave = 'echo 0 > "$1/cgroup.procs"; '
  const free = () => s.folder('free')

  test('nothing is carried in a cgroup that nobody selects', async () => {
    expect(await tried('free', report)).toBe('0')
  })

  test('when it moves to another cgroup, and so do its children', async () => {
    expect(await tried('box', `${leave}"$0"; echo $?`, free())).toBe(`${deniedStatus()}`)
    expect(await tried('box', `${leave}sh -c '"$0"; echo $?' "$0"`, free())).toBe(
      `${deniedStatus()}`,
    )
    expect(
      s.records().some(({ subject, executable }) => subject.name === 'box' && executable === bad),
    ).toBe(true)
  })

  test('when it is moved by somebody else', async () => {
    const child = s.spawn('box', [sh, '-c', 'read go; "$0"; echo $?', bad])
    let stdout = ''
    child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()))
    await until('it runs', () => fs.readlinkSync(`/proc/${child.pid}/exe`) === sh)
    fs.writeFileSync(join(free(), 'cgroup.procs'), `${child.pid}`)
    child.stdin?.end('go\n')
    await ended(child)
    expect(stdout.trim()).toBe(`${deniedStatus()}`)
  })

  const ways = {
    'a fork': '( "$0"; echo $? )',
    'a fork of a fork, whose parents end': `( ( sleep 0.1; "$0"; echo $? ) & ) ; sleep 0.5`,
    'a daemon in a session of its own': `setsid sh -c '( "$0"; echo $? ) & ' "$0"; sleep 0.2`,
    'another shell': `exec bash -c '"$0"; echo $?' "$0"`,
    'a mount namespace': `unshare --mount --propagation unchanged sh -c '"$0"; echo $?' "$0"`,
    'a pid namespace': `unshare --pid --fork sh -c '"$0"; echo $?' "$0"`,
    'a network namespace': `unshare --net sh -c '"$0"; echo $?' "$0"`,
    'a cgroup namespace': `unshare --cgroup sh -c '"$0"; echo $?' "$0"`,
    ...(!noUserNamespaces && {
      'a user namespace': `unshare --user --map-root-user --mount sh -c '"$0"; echo $?' "$0"`,
    }),
    'all of them': `unshare -m --propagation unchanged -p -n -u -i -C -f sh -c '"$0"; echo $?' "$0"`,
  }
  if (noUserNamespaces)
    test('and no user namespace is given to it where nobody gets one', async () => {
      const { code } = await s.run('box', [sh, '-c', 'unshare --user true'])
      expect(code).not.toBe(0)
    })

  test.for(Object.entries(ways))('through %s', async ([, code]) => {
    expect(await tried('box', code)).toBe(`${deniedStatus()}`)
    // The same after leaving the cgroup.
    expect(await tried('box', leave + code, free())).toBe(`${deniedStatus()}`)
  })

  test('and the stricter of cgroup and process wins', async () => {
    const strict = s.policy('strict', 'strict', { processes: [{ exe: [sh] }] })
    const lax = s.policy('lax', 'lax', { processes: [{ exe: [sh, bad] }] })
    await s.setPolicies(`${policies()}\n---\n${documents(strict, lax)}`)
    expect(await tried('lax', report)).toBe('0')
    expect(await tried('lax', `${leave}"$0"; echo $?`, s.folder('strict'))).toBe(
      `${deniedStatus()}`,
    )
    expect(await tried('strict', `${leave}"$0"; echo $?`, s.folder('lax'))).toBe(
      `${deniedStatus()}`,
    )
    await s.setPolicies(policies())
  })

  test.runIf(process.arch === 'x64')(
    'when it is born in another cgroup (CLONE_INTO_CGROUP)',
    async () => {
      const { stdout } = await s.run('outside', [
        need('perl'),
        '-e',
        cloneInto,
        s.folder('box'),
        bad,
      ])
      expect(stdout.trim()).toBe(`${deniedStatus()}`)
    },
  )
})

describe('rows of processes', () => {
  const image = (pid: number) => {
    const row = s.tables().processes.get({ value: pid ?? 0 })
    return row && s.tables().images.get({ value: row.image })?.exe.hash
  }
  const hashOf = (path: string) => hashPath(hashKeyOf(s.tables()), path).hash

  test('what ran before its policy came gets one, by what it runs', async () => {
    const copy = join(s.files, 'sleeper é')
    fs.copyFileSync(need('sleep'), copy)
    fs.chmodSync(copy, 0o755)
    const running = ['', '/below'].map((below) => s.spawn(`before${below}`, [copy, '60']))
    for (const { pid } of running) {
      await until('it runs', () => fs.readlinkSync(`/proc/${pid}/exe`) === copy)
      expect(s.tables().processes.get({ value: pid ?? 0 })).toBeUndefined()
    }
    await s.setPolicies(
      `${policies()}\n---\n${documents(s.policy('before', 'before', { processes }))}`,
    )
    for (const { pid } of running) {
      expect(image(pid ?? 0)).toBe(hashOf(copy))
      expect(s.tables().processes.get({ value: pid ?? 0 })?.subject).toBe(subjectAt('before'))
    }
    for (const child of running) await ended(child, 'SIGKILL')
    await s.setPolicies(policies())
  })

  test('one that changes what it runs while its policy comes is known by what it runs now', async () => {
    const other = join(s.files, 'other-sh')
    fs.copyFileSync(sh, other)
    fs.chmodSync(other, 0o755)
    for (let round = 0; round < rounds; round++) {
      const hoppers = Array.from({ length: 4 }, (_, i) =>
        s.spawn(`hop-${round}`, [sh, '-c', hopper, hopper, other, sh, String(150 + 40 * i)]),
      )
      await s.setPolicies(
        `${policies()}\n---\n${documents(s.policy(`hop-${round}`, `hop-${round}`, { mode: 'audit', processes }))}`,
      )
      for (const { pid = 0 } of hoppers) {
        const now = await until('it sleeps', () => {
          const exe = fs.readlinkSync(`/proc/${pid}/exe`)
          return exe === need('sleep') && exe
        })
        // Its link is new a moment before the kernel tells of the exec; a row of another program would stay.
        await until('its row says so', () => [hashOf(now), undefined].includes(image(pid)), 3000)
        const row = s.tables().processes.get({ value: pid })
        expect(row?.subject).toBe(subjectAt(`hop-${round}`))
      }
      for (const child of hoppers) await ended(child, 'SIGKILL')
    }
    await s.setPolicies(policies())
  })

  test('go with their processes', async () => {
    const rows = () => [...s.tables().processes.entries()].length
    const before = rows()
    const code = 'i=0; while [ $i -lt 300 ]; do ( : ) ; i=$((i+1)); done; sleep 0.01; "$0" & wait'
    await s.run('box', [sh, '-c', code, bad])
    await until('the rows are gone', () => rows() <= before, 3000)
  })

  test('a process that was something else outside of every subject comes back as what it is', async () => {
    const host = s.policy('service', 'service', { scope: 'host', mode: 'audit', processes })
    await s.setPolicies(`${policies()}\n---\n${documents(host)}`)
    // In a host service it is known as the shell; outside it becomes sleep; then it is put into the box.
    const child = s.spawn('service', [
      sh,
      '-c',
      'echo 0 > "$0/cgroup.procs"; exec sleep 60',
      s.folder('free'),
    ])
    await until('it sleeps', () => fs.readlinkSync(`/proc/${child.pid}/exe`) === need('sleep'))
    fs.writeFileSync(join(s.folder('box'), 'cgroup.procs'), `${child.pid}`)
    await until('its row says so', () => image(child.pid ?? 0) === hashOf(need('sleep')), 3000)
    await ended(child, 'SIGKILL')
    await s.setPolicies(policies())
  })

  // The kernel tells of a move a moment after it is made; here it never does.
  test.for([
    ['the host’s, that is put into a container while it executes itself, is a runtime', [], true],
    ['nobody knows whose, in namespaces of its own, is none', ['-m', '-p', '-f'], false],
  ] as const)('one without a row: %s', async ([, namespaces, isRuntime]) => {
    const kept = join(s.files, 'kept')
    const deny = [{ file: { path: kept, access: 'write' } }]
    const moved = s.policy('moved', 'moved', { processes: [], deny })
    await s.setPolicies(`${policies()}\n---\n${documents(moved)}`)
    const code =
      'echo 0 >"$0/cgroup.procs"; echo in; read l; true 2>/dev/null >>"$1" && echo wrote; exec /proc/self/exe -c "echo again"'
    const argv = [...namespaces, sh, '-c', code, s.folder('moved'), kept]
    const child = spawn(need('unshare'), argv, { stdio: ['pipe', 'pipe', 'ignore'] })
    const said: string[] = []
    child.stdout.on('data', (data: Buffer) => said.push(...data.toString().trim().split('\n')))
    await until('it is in', () => said.includes('in'))
    const inside = fs.readFileSync(join(s.folder('moved'), 'cgroup.procs'), 'utf8')
    s.tables().processes.delete({ value: Number(inside) })
    const grown = await s.counted(async () => {
      child.stdin.write('\n')
      await once(child, 'close')
    })
    const refuses = s.mechanism() !== 'signal'
    expect({ said, runtime: grown.runtime, denied: grown.denied }).toEqual(
      isRuntime
        ? { said: ['in', 'wrote', 'again'], runtime: 1, denied: 0 }
        : { said: refuses ? ['in'] : ['in', 'wrote'], runtime: 0, denied: refuses ? 2 : 1 },
    )
    await s.setPolicies(policies())
  })

  test('cgroups take their rows with them', async () => {
    const folder = s.folder('late-gone/child')
    const ids = [cgroupId(folder), cgroupId(s.folder('late-gone'))]
    const rows = () => ids.filter((value) => s.tables().cgroups.get({ value }))
    expect(rows()).toEqual(ids)
    fs.rmdirSync(folder)
    fs.rmdirSync(s.folder('late-gone'))
    await until('the rows are gone', () => rows().length === 0)
    expect(s.tables().subjects.get({ value: ids[1] ?? 0n })).toBeUndefined()
  })
})

test('cgroups that vanish while they are being bound disturb nothing', async () => {
  const code = `while :; do
    mkdir -p "$0/early/a/b" "$0/late-x/y/z" "$0/churn/late-1"
    rmdir "$0/early/a/b" "$0/early/a" "$0/late-x/y/z" "$0/late-x/y" "$0/late-x" "$0/churn/late-1" "$0/churn"
  done`
  const churn = s.spawn('outside', [sh, '-c', code, s.cgroup], { stdio: 'ignore' })
  s.folder('early')
  for (let round = 0; round < 12; round++) {
    const extra = s.policy(`round-${round}`, `churn/late-${round % 3}`, { processes })
    await s.setPolicies(`${policies()}\n---\n${documents(extra)}`)
    expect(await tried('early', report)).toBe(`${deniedStatus()}`)
  }
  await ended(churn, 'SIGKILL')
  expect(s.current().problems).toEqual([])
  await s.setPolicies(policies())
})

/** A shell that replaces itself by the other one of two, many times, and at last by sleep. */
const hopper =
  'if [ "$3" = 0 ]; then exec sleep 60; fi; exec "$1" -c "$0" "$0" "$2" "$1" "$(($3-1))"'
