// SPDX-License-Identifier: Apache-2.0
// Underpin guards itself: from a container, privileged, in the host's namespaces and with bpffs in sight, nobody gets at its
// maps, programs, links and pins, nor at the agent; whatever its policy says. The host's root does all of that, the agent
// starts again, and what a container makes itself stays its own.
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EnforceOptions } from '../../enforcer/src/index.ts'
import { lookAtKernel } from '../../enforcer/src/kernel/facts.ts'
import { chosenOf } from '../../enforcer/src/kernel/mechanisms.ts'
import {
  answersOf,
  byDescriptor,
  byId,
  listIds,
  onItsOwn,
  onMounts,
  onPins,
  onProcess,
  onSwitches,
  perlOf,
  type Attack,
  type Ids,
} from '../harness/attacks.ts'
import { expectExact } from '../harness/actor.ts'

import {
  documents,
  ended,
  kernelAtLeast,
  need,
  objects,
  Sandbox,
  until,
} from '../harness/sandbox.ts'

const perl = need('perl')
const agentFile = new URL('../harness/agent.ts', import.meta.url).pathname
const mechanism = chosenOf(await lookAtKernel(objects))
const refuses = mechanism === 'lsm' || mechanism === 'fmod_ret'
/** A container that no policy knows, by its cgroup's name. */
const bare = `docker-${'ab'.repeat(32)}.scope`
const another = `docker-${'cd'.repeat(32)}.scope`
const [EPERM, EACCES] = ['1', '13']

let s: Sandbox
let own: string
let ids: Ids

const policies = (...more: string[]) =>
  documents(
    ...['box', 'pod', ...more].map((name) =>
      s.policy(name, `**/${name}`, { mode: 'audit', processes: [{ exe: ['/none'] }] }),
    ),
  )

/** An agent in a pod of its own; what it said when it was ready, or why it failed. */
async function startIn(cgroup: string, more: Partial<EnforceOptions> = {}) {
  const child = s.spawn(
    cgroup,
    [process.execPath, agentFile, JSON.stringify({ ...s.options(), ...more })],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let text = ''
  child.stdout?.on('data', (data: Buffer) => (text += data.toString()))
  child.stderr?.on('data', (data: Buffer) => (text += data.toString()))
  const done = () => /"ready"|"failed"/.test(text) || child.exitCode !== null
  await until('the agent is ready or not', done, 120_000)
  return { child, text }
}

beforeAll(async () => {
  s = new Sandbox({ alone: true })
  own = `${s.pins}-own`
  fs.mkdirSync(own)
  s.write(s.policies, policies())
  s.write(s.pods, documents())
  const { child, text } = await startIn('pod')
  expect(text).toContain('"ready"')
  s.child = child
  const listed = spawnSync(perl, ['-e', listIds(s.pins)], { encoding: 'utf8' })
  expect(listed.stderr).toBe('')
  ids = JSON.parse(listed.stdout) as Ids
}, 300_000)
afterAll(() => {
  for (const name of fs.existsSync(own) ? fs.readdirSync(own) : [])
    fs.rmSync(join(own, name), { recursive: true })
  if (fs.existsSync(own)) fs.rmdirSync(own)
  s.close()
})

const agent = () => s.child?.pid ?? 0
const state = () => /^State:\s+(\S)/m.exec(fs.readFileSync(`/proc/${agent()}/status`, 'utf8'))?.[1]

async function inContainer(cgroup: string, attacks: readonly Attack[]) {
  const { stdout, stderr, signal } = await s.run(cgroup, [perl, '-e', perlOf(attacks)], {
    timeout: 240_000,
  })
  return { answers: answersOf(stdout), stderr, signal }
}

const attacked = () =>
  s
    .records()
    .filter(({ decision }) => decision === 'guard')
    .reduce((sum, { count }) => sum + count, 0)

/** Every one is refused, and every one is in the report. */
async function refused(cgroup: string, attacks: readonly Attack[]): Promise<void> {
  const before = attacked()
  const { answers, stderr } = await inContainer(cgroup, attacks)
  const through = attacks
    .map(([name]) => `${name}: ${answers.get(name)}`)
    .filter((line) => !line.endsWith(`: ${EPERM}`) && !line.endsWith(`: ${EACCES}`))
  expect(through, stderr).toEqual([])
  expect(attacked() - before).toBeGreaterThanOrEqual(attacks.length)
  expect(['S', 'R', 'D']).toContain(state())
}

test('whether this kernel can refuse is said', () => {
  const row = s.current().mechanisms.find(({ decision }) => decision === 'guard')
  if (refuses) expect(row).toMatchObject({ decision: 'guard', mechanism })
  else
    expect(row).toMatchObject({
      mechanism: 'none',
      degraded: expect.stringContaining('reach the maps') as string,
      better: expect.stringMatching(/./) as string,
    })
})

describe.runIf(refuses)('from a container', () => {
  test.for(['box', bare])('descriptors by number: %s', { timeout: 300_000 }, async (cgroup) => {
    expect(ids.maps.length).toBeGreaterThan(20)
    expect(ids.programs.length).toBeGreaterThan(20)
    expect(ids.links.length).toBeGreaterThan(20)
    await refused(cgroup, byId(ids))
  })

  test.for(['box', bare])('pins: %s', async (cgroup) => {
    const { answers } = await inContainer(cgroup, [
      ['setup', `pin(bpf(0, pack("L5 x52", 2, 4, 4, 1, 0)), "${own}/map")`],
    ])
    expect(answers.get('setup')).toBe('ok')
    await refused(cgroup, onPins(s.pins, own))
    fs.unlinkSync(join(own, 'map'))
    expect(fs.readdirSync(own)).toEqual([])
    expect(fs.readdirSync(s.pins).sort()).toEqual(['links', 'maps', 'programs'])
  })

  test('mounts that the pins are on', async () => {
    await refused('box', onMounts(s.pins, '/sys/fs/bpf'))
    expect(fs.existsSync(join(s.pins, 'links'))).toBe(true)
  })

  test.for(['box', bare])('the agent: %s', async (cgroup) => {
    await refused(cgroup, [...onProcess(agent()), ...onSwitches])
    const { answers } = await inContainer(cgroup, byDescriptor(agent()))
    expect(answers.get('kill when something is read')).toBe('ok')
    expect(['S', 'R', 'D']).toContain(state())
  })

  test("the agent's cgroup", async () => {
    const folder = s.folder('pod')
    const files = [
      'cgroup.freeze',
      'cgroup.procs',
      ...(kernelAtLeast('5.14') ? ['cgroup.kill'] : []),
      '../cgroup.freeze',
    ]
    await refused(
      'box',
      files.map((file) => [file, `opened("${folder}/${file}", O_WRONLY)`] as const),
    )
  })

  test("a link's descriptor that it was given", () => {
    const link = join(s.pins, 'links', 'connect4')
    const give = `my $fd = get($ARGV[0]); $fd < 0 and die "$!"; open(my $p, ">", "$ARGV[1]/cgroup.procs") or die;
      syswrite($p, $$) or die "$!";
      open(my $kept, "+<&=", $fd) or die "$!"; fcntl($kept, F_SETFD, 0); exec $ARGV[2], "-e", $ARGV[3], $fd;`
    const attacks: Attack[] = [
      ['detach', 'bpf(34, pack("L", $ARGV[0]))'],
      ['update', 'bpf(29, pack("L4", $ARGV[0], 0, 0, 0))'],
    ]
    const { stdout, stderr } = spawnSync(
      perl,
      ['-e', perlOf([]) + give, link, s.folder('box'), perl, perlOf(attacks)],
      { encoding: 'utf8' },
    )
    expect(Object.fromEntries(answersOf(stdout)), stderr).toEqual({ detach: EPERM, update: EPERM })
  })

  test('the report says who tried what, and that no policy was asked', async () => {
    const rows = s.records().filter(({ decision }) => decision === 'guard')
    expect(rows.every(({ outcome, policy }) => outcome === 'denied' && policy === null)).toBe(true)
    expect(new Set(rows.map(({ subject }) => subject.name))).toEqual(new Set(['box', bare]))
    expect(new Set(rows.map(({ attacked }) => attacked))).toEqual(
      new Set([
        ...['map', 'program', 'link', 'pin', 'mount'],
        ...['signal', 'trace', 'process', 'cgroup'].map((what) => `agent-${what}`),
      ]),
    )
    await expectExact(s)
  })
})

test('what a container makes itself is its own', async () => {
  const attacks = onItsOwn(`${own}/its`, s.folder('box'))
  const { answers, stderr } = await inContainer('box', attacks)
  const failed = [...answers].filter(([, answer]) => answer !== 'ok')
  expect(failed, stderr).toEqual([])
  expect(answers.size).toBe(attacks.length)
})

test("the host's root is hindered by nothing", () => {
  const attacks: Attack[] = [
    ...byId(ids),
    ['get a link', `get("${s.pins}/links/connect4")`],
    ['read a map', `opened("${s.pins}/maps/control", O_RDONLY)`],
    ['change a pin', `yes(chmod 0400, "${s.pins}/links/connect4")`],
    ['make a folder', `yes(mkdir "${s.pins}/more")`],
    ['rename it', `yes(rename "${s.pins}/more", "${s.pins}/most")`],
    ['remove it', `yes(rmdir "${s.pins}/most")`],
    ...onSwitches,
    ...onProcess(agent()).filter(([name]) => /^(open its|seize)/.test(name)),
  ]
  const program = `${perlOf(attacks)} exit 0;`
  const { stdout, stderr } = spawnSync(perl, ['-e', program], { encoding: 'utf8' })
  expect(
    [...answersOf(stdout)].filter(([, answer]) => answer !== 'ok'),
    stderr,
  ).toEqual([])
  expect(answersOf(stdout).size).toBe(attacks.length)
})

test('a container that moves the agent is killed, and the agent is not its own prisoner', async () => {
  const before = attacked()
  const home = fs.readFileSync(`/proc/${agent()}/cgroup`, 'utf8')
  const { signal, answers } = await inContainer('box', [
    ['move', `written("${s.folder('box')}/cgroup.procs", ${agent()})`],
    ['afterwards', 'syscall(39); 0'],
  ])
  expect({ signal, answers: answers.size }).toEqual({ signal: 'SIGKILL', answers: 0 })
  expect(fs.readFileSync(`/proc/${agent()}/cgroup`, 'utf8')).not.toBe(home)
  expect(attacked() - before).toBe(1)
  await s.setPolicies(policies('again'))
  expect(attacked() - before).toBe(1)
  fs.writeFileSync(join(s.folder('pod'), 'cgroup.procs'), `${agent()}`)
})

test('whom nobody knows is denied until the host says that there will be another agent', async () => {
  const deny = { pending: 'deny' } as const
  const unknown = `kubepods/pod${randomUUID()}/app`
  const begins = async () => (await s.run(unknown, [need('true')])).code === 0
  await s.end('SIGTERM')
  const first = await startIn(another, deny)
  expect(first.text).toContain('"ready"')
  expect(await begins()).toBe(false)
  await ended(first.child, 'SIGKILL')
  expect(await begins()).toBe(false)
  await until('its pod is gone', () => removed(s.folder(another)))
  expect(await begins()).toBe(true)
  const next = await startIn('pod', deny)
  expect(next.text).toContain('"ready"')
  expect(await begins()).toBe(false)
  // Told to end, it says so itself.
  await ended(next.child, 'SIGTERM')
  expect(await begins()).toBe(true)
  s.child = (await startIn('pod')).child
}, 600_000)

test("what is in the agent's pod is exempt; the agent starts there again, and in no other container", async () => {
  const get: Attack[] = [['get', `get("${s.pins}/maps/control")`]]
  expect((await inContainer('pod', get)).answers.get('get')).toBe('ok')
  await s.end('SIGKILL')
  // Nobody can take its place meanwhile.
  if (refuses) {
    expect((await inContainer('box', get)).answers.get('get')).toBe(EPERM)
    expect((await inContainer(bare, get)).answers.get('get')).toBe(EPERM)
  }
  const elsewhere = await startIn('box')
  expect(elsewhere.text).toContain('"failed"')
  await ended(elsewhere.child)
  const again = await startIn('pod')
  expect(again.text).toContain('"ready"')
  expect(again.text).toContain('"takenOver":true')
  // Told to end, it leaves its place to whoever is started next, also in another pod; there it is as before.
  await ended(again.child, 'SIGTERM')
  expect((await inContainer('box', get)).answers.get('get')).toBe('ok')
  const next = await startIn(another)
  expect(next.text).toContain('"ready"')
  expect(next.text).toContain('"takenOver":true')
  expect((await inContainer(another, get)).answers.get('get')).toBe('ok')
  if (refuses) {
    expect((await inContainer('pod', get)).answers.get('get')).toBe(EPERM)
    expect((await inContainer(bare, get)).answers.get('get')).toBe(EPERM)
  }
  await ended(next.child, 'SIGKILL')
  expect((await startIn('pod')).text).toContain('"failed"')
  // Whoever removes its pod, unless it is a container, says the same.
  await until('its pod is gone', () => removed(s.folder(another)))
  const third = await startIn('pod')
  expect(third.text).toContain('"ready"')
  expect(third.text).toContain('"takenOver":true')
  if (refuses) expect((await inContainer('box', get)).answers.get('get')).toBe(EPERM)
  await ended(third.child, 'SIGKILL')
  const remove: Attack[] = [['remove', `yes(rmdir "${s.folder('pod')}")`]]
  expect((await inContainer('box', remove)).answers.get('remove')).toBe('ok')
  if (refuses) expect((await inContainer('box', get)).answers.get('get')).toBe(EPERM)
  expect((await startIn('box')).text).toContain('"failed"')
}, 600_000)

/** The kernel may need a moment until a cgroup is empty. */
function removed(folder: string): boolean {
  try {
    fs.rmdirSync(folder)
    return true
  } catch {
    return false
  }
}
