// SPDX-License-Identifier: Apache-2.0
// Nothing that is full, and nobody who does not look, changes a verdict or a sum: a flooded ring, a used-up ledger,
// and every map that grows by what processes do, filled to its last row.
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readRest } from '../../enforcer/src/index.ts'
import * as abi from '../../enforcer/src/kernel/abi.gen.ts'
import { cgroupId } from '../../enforcer/src/kernel/cgroups.ts'
import type { Table } from '../../enforcer/src/kernel/maps.ts'
import { documents, need, Sandbox, until } from '../harness/sandbox.ts'

const sh = need('sh')
const bash = need('bash')
const node = fs.realpathSync(process.execPath)
const bad = need('true')
const floodedSubjects = 4
const portsEach = 5000

let s: Sandbox
const policies = () =>
  documents(
    s.policy('flood', 'flood-*', { processes: [{ exe: [node] }] }),
    s.policy('box', '**/box*', {
      processes: [
        { exe: [sh] },
        { exe: [join(s.files, '**'), bash], egress: [{ ports: ['9/TCP'] }] },
      ],
    }),
  )

beforeAll(async () => {
  s = new Sandbox({ alone: true })
  await s.start(policies())
})
afterAll(() => s.close())

const denied = () => (s.mechanism() === 'signal' ? 137 : 126)
const status = async (cgroup: string, ...argv: string[]) => {
  const { code, signal } = await s.run(cgroup, argv)
  return code ?? (signal === 'SIGKILL' ? 137 : -1)
}
/** What the ledger has counted, rows for everything else and the last resort included. */
const ledgerSum = () =>
  s.records().reduce((sum, { count }) => sum + count, 0) +
  readRest(s.tables()).reduce((sum, { count }) => sum + count, 0)
const balanced = () => {
  const counters = s.counters()
  const { emitted = 0, suppressed = 0, lost = 0 } = counters
  expect(counters.denied).toBe(emitted + suppressed + lost)
  expect(ledgerSum()).toBe(counters.denied)
}

/** One UDP packet to each of so many ports; prints how many were refused with EPERM. */
const flood = `
  const socket = require('dgram').createSocket('udp4')
  let left = ${portsEach}, refused = 0
  const next = (port) => socket.send('x', port, '127.0.0.1', (error) => {
    if (error?.code === 'EPERM') refused++
    if (--left === 0) { console.log(refused); socket.close() } else next(port + 1)
  })
  next(10000)`

test('a flood that nobody drains: every verdict stands, every denial is counted', async () => {
  s.agent?.stop() // what is in force stays; nobody reads the ring
  s.agent = undefined
  expect(await status('box', bad)).toBe(denied())
  const grown = await s.counted(async () => {
    const floods = Array.from({ length: floodedSubjects }, (_, i) =>
      s.run(`flood-${i}`, [node, '-e', flood]),
    )
    const execs = s.run('box', [
      sh,
      '-c',
      'i=0; while [ $i -lt 300 ]; do "$0"; echo $?; i=$((i+1)); done',
      bad,
    ])
    for (const { stdout } of await Promise.all(floods)) expect(stdout.trim()).toBe(`${portsEach}`)
    expect(new Set((await execs).stdout.trim().split('\n'))).toEqual(new Set([`${denied()}`]))
  })
  expect(grown.denied).toBe(floodedSubjects * portsEach + 300)
  expect(grown.lost).toBeGreaterThan(0)
  balanced()

  // Each subject had its share of rows; the rest of its denials are in one row, exactly.
  const share = abi.Limit.SUBJECT_LEDGER
  for (let i = 0; i < floodedSubjects; i++) {
    const records = s.records().filter(({ subject }) => subject.name === `flood-${i}`)
    const others = records.filter(({ other }) => other)
    expect(records.length - others.length).toBe(share)
    expect(others.map(({ decision, count }) => [decision, count])).toEqual([
      ['egress', portsEach - share],
    ])
  }
  // And nothing of another subject was lost in it.
  const rows = s
    .records()
    .filter(({ subject, executable }) => subject.name === 'box' && executable === bad)
  expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(301)

  await s.start(policies())
  await until('the ring is drained', () => fs.existsSync(join(s.state, 'events.jsonl')))
  const { emitted } = s.counters()
  await until('a new denial is told again', () => {
    void s.run('box', [bad])
    return (s.counters().emitted ?? 0) > (emitted ?? 0)
  })
})

/** Fills a table with rows that mean nothing, runs `act`, and takes them out again. */
async function full<K, V>(
  table: Table<K, V>,
  key: (i: number) => Partial<K>,
  value: Partial<V>,
  act: () => Promise<void>,
): Promise<void> {
  const keys: Partial<K>[] = []
  try {
    for (let i = 0; i < 1_000_000; i++) {
      try {
        table.set(key(i), value)
      } catch {
        break
      }
      keys.push(key(i))
    }
    expect(keys.length).toBeGreaterThan(1000)
    await act()
  } finally {
    for (const added of keys) table.delete(added)
  }
}
const big = (i: number) => ({ value: (1n << 62n) + BigInt(i) })

let copies = 0
/** A shell at a path that nobody has seen yet; policy lets everything in this folder connect to port 9. */
function fresh(): string {
  const path = join(s.files, `shell-${++copies}`)
  fs.copyFileSync(bash, path)
  fs.chmodSync(path, 0o755)
  return path
}
/** How a TCP connection ends to a port that policy allows, and on which nobody listens. */
async function connect(cgroup: string, shell: string): Promise<string> {
  const { stderr } = await s.run(cgroup, [shell, '-c', 'echo > /dev/tcp/127.0.0.1/9'])
  return /not permitted/.test(stderr) ? 'denied' : /refused/.test(stderr) ? 'allowed' : stderr
}

test('with room, a shell that policy lists connects', async () => {
  expect(await connect('box', fresh())).toBe('allowed')
})

test('no room for images: a program nobody knows yet may not connect', async () => {
  const seen = fresh()
  expect(await connect('box', seen)).toBe('allowed')
  const grown = await s.counted(() =>
    full(s.tables().images, big, {}, async () => {
      expect(await connect('box', fresh())).toBe('denied')
      expect(await connect('box', seen)).toBe('allowed')
      expect(await status('box', bad)).toBe(denied())
    }),
  )
  expect(grown.images_full).toBeGreaterThan(0)
  expect(await connect('box', fresh())).toBe('allowed')
  balanced()
})

test('no room for names: reports lose names, verdicts lose nothing', async () => {
  const unseen = fresh()
  const listed = fresh()
  fs.renameSync(unseen, `${s.files}/../unlisted`)
  const grown = await s.counted(() =>
    full(s.tables().names, big, {}, async () => {
      expect(await status('box', `${s.files}/../unlisted`)).toBe(denied())
      expect(await connect('box', listed)).toBe('allowed')
    }),
  )
  expect(grown.names_full).toBeGreaterThan(0)
  expect(
    s.records().some(({ executable, subject }) => executable === null && subject.name === 'box'),
  ).toBe(true)
  balanced()
})

test('no room for processes: unknown ones may not connect, and exec is decided as before', async () => {
  const grown = await s.counted(() =>
    full(
      s.tables().processes,
      (i) => ({ value: 2 ** 31 + i }),
      {},
      async () => {
        expect(await connect('box', bash)).toBe('denied')
        expect(await status('box', sh, '-c', 'exit 0')).toBe(0)
        expect(await status('box', bad)).toBe(denied())
      },
    ),
  )
  expect(grown.processes_full).toBeGreaterThan(0)
  expect(await connect('box', bash)).toBe('allowed')
  balanced()
})

test('no room for subjects: a new one is denied everything, those before it nothing', async () => {
  s.folder('box-before')
  const grown = await s.counted(() =>
    full(s.tables().subjects, big, {}, async () => {
      expect(await status('box-after', sh, '-c', 'exit 0')).toBe(denied())
      expect(await status('box-before', sh, '-c', 'exit 0')).toBe(0)
      expect(await status('box-before/below', sh, '-c', 'exit 0')).toBe(0)
      expect(await status('nobody', sh, '-c', 'exit 0')).toBe(0)
    }),
  )
  expect(grown.subjects_full).toBe(1)
  balanced()
})

test('no room for cgroups: inherited and new subjects are found all the same', async () => {
  const { cgroups, flags } = s.tables()
  const top = cgroupId(s.folder('box-top'))
  const grown = await s.counted(() =>
    full(cgroups, big, {}, async () => {
      const below = cgroupId(s.folder('box-top/a/b'))
      expect([cgroups.get({ value: top })?.subject, cgroups.get({ value: below })]).toEqual([
        top,
        undefined,
      ])
      expect(await status('box-top/a/b', bad)).toBe(denied())
      expect(await connect('box-top/a/b', bash)).toBe('allowed')
      expect(await status('box-new', bad)).toBe(denied())
      expect(await status('box-new/container', bad)).toBe(denied())
      expect(await status('box-new/container', sh, '-c', 'exit 0')).toBe(0)
      expect(await status('nobody', bad)).toBe(0)
    }),
  )
  expect(grown.cgroups_full).toBe(2) // what is below a cgroup without a row is not even tried
  // Their rows are missing from now on as well.
  expect(await status('box-new/container', bad)).toBe(denied())
  expect(s.records().some(({ subject }) => subject.name === 'box-new')).toBe(true)
  flags.set({ value: abi.Flag.CGROUPS_FULL }, { value: 0 })
  balanced()
})

test('no room in the ledger: what finds no row is counted by kind', async () => {
  const before = s.records().length
  const noise = (i: number) => ({ subject: (1n << 62n) + BigInt(i), policy: 1 })
  await full(s.tables().ledger, noise, {}, async () => {
    const rest = () => readRest(s.tables()).reduce((sum, { count }) => sum + count, 0)
    const had = rest()
    const grown = await s.counted(async () => {
      for (let i = 0; i < 3; i++) expect(await status('box-rest', bad)).toBe(denied())
    })
    expect(grown).toMatchObject({ denied: 3, ledger_nowhere: 3, ledger_other: 3 })
    expect(rest() - had).toBe(3)
  })
  expect(s.records().length).toBe(before)
  balanced()
})

test('no room for rules: the new plan is refused as a whole, the one before stays', async () => {
  const loose = documents(
    s.policy('box', '**/box*', {}),
    s.policy('more', 'more', { processes: [] }),
  )
  const { generation } = s.current()
  await full(
    s.tables().rulesets,
    (i) => ({ value: 2 ** 31 + i }),
    {},
    async () => {
      s.write(s.policies, loose)
      const [problem] = await until(
        'it is noticed',
        () => s.current().problems.length > 0 && s.current().problems,
      )
      expect(problem).toMatch(/rulesets.*no room/)
      expect(s.current().generation).toBe(generation)
      expect(await status('box', bad)).toBe(denied())
      expect(await status('more', bad)).toBe(0)
    },
  )
  await s.setPolicies(`${loose}\n# ${randomBytes(2).toString('hex')}`)
  expect(s.current().problems).toEqual([])
  expect(await status('box', bad)).toBe(0)
  expect(await status('more', bad)).toBe(denied())
  balanced()
})
