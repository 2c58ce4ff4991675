// SPDX-License-Identifier: Apache-2.0
// Pods and containers are recognised when their cgroup is made, by names that the kernel and the agent read alike; what
// only looks like one is not, and what nobody knows has a posture of its own. With real cgroups.
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { recognise } from '../../enforcer/src/identity/recognise.ts'
import { Scope } from '../../enforcer/src/kernel/abi.gen.ts'
import { cgroupId } from '../../enforcer/src/kernel/cgroups.ts'
import { documents, need, Sandbox } from '../harness/sandbox.ts'

const sh = need('sh')
const bad = need('true')
const tools = ['sh', 'mkdir', 'cat', 'sleep', 'setpriv'].map(need)
const uuid = () =>
  randomBytes(16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
const under = (id: string) => id.replaceAll('-', '_')
const digits = (id: string) => id.replaceAll('-', '')
const container = () => randomBytes(32).toString('hex')
const known = Array.from({ length: 8 }, uuid)
const hash = randomBytes(16).toString('hex')

const pod = (name: string, at: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app: name }, ...at },
  spec: { containers: [{ name: 'api', image: 'api' }] },
})
const mirror = { 'kubernetes.io/config.hash': hash, 'kubernetes.io/config.mirror': hash }

let s: Sandbox
const policies = (...more: object[]) =>
  documents(
    {
      apiVersion: 'underpin.dev/v1alpha1',
      kind: 'RuntimePolicy',
      metadata: { name: 'shop', namespace: 'shop' },
      spec: { mode: 'enforce', processes: [{ exe: tools }] },
    },
    s.policy('docker', 'docker/*', { processes: [{ exe: tools }] }),
    ...more,
  )

beforeAll(async () => {
  s = new Sandbox()
  await s.start(policies(), {
    pods: [
      ...known.map((id, i) => pod(`pod-${i}`, { uid: id })),
      pod('static', { uid: uuid(), annotations: mirror }),
    ],
  })
})
afterAll(() => s.close())

const denied = () => (s.mechanism() === 'signal' ? '137' : '126')
const tried = async (cgroup: string) =>
  (await s.run(cgroup, [sh, '-c', '"$0"; echo $?', bad])).stdout.trim()
/** Latin1 text, so that a name may have any byte. */
const make = (path: string): bigint => {
  const folder = Buffer.from(`${s.cgroup}/${path}`, 'latin1')
  fs.mkdirSync(folder, { recursive: true })
  return fs.statSync(folder, { bigint: true }).ino
}
const subjectOf = (id: bigint) => s.tables().cgroups.get({ value: id })?.subject
const scopeOf = (id: bigint) => {
  const subject = subjectOf(id)
  return subject ? s.tables().subjects.get({ value: subject })?.scope : undefined
}
const pending = () => s.records().filter(({ policy }) => policy === 'Pending')

describe('a pod', () => {
  const spellings: Record<string, string> = {
    'systemd, guaranteed': `kubepods.slice/kubepods-pod${under(known[0] ?? '')}.slice`,
    'systemd, burstable': `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${under(known[1] ?? '')}.slice`,
    'systemd, below another slice': `kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${under(known[2] ?? '')}.slice`,
    'cgroupfs, guaranteed': `kubepods/pod${known[3]}`,
    'cgroupfs, best effort': `kubepods/besteffort/pod${known[4]}`,
    'a static pod, by its hash': `kubepods/burstable/pod${hash}`,
    'a static pod, systemd': `kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${hash}.slice`,
  }
  test.for(Object.entries(spellings))('%s', async ([, folder]) => {
    const inside = `${folder}/cri-containerd-${container()}.scope`
    expect(await tried(inside)).toBe(denied())
    expect(subjectOf(make(inside))).toBe(cgroupId(s.folder(folder)))
  })

  test('is told by its name', () => {
    const names = s.records().map(({ subject }) => subject.name)
    expect(names).toEqual(expect.arrayContaining(['shop/pod-0', 'shop/pod-3', 'shop/static']))
  })

  test('that nobody knows is pending: audited, and it says so', async () => {
    const id = uuid()
    const grown = await s.counted(async () =>
      expect(await tried(`kubepods/burstable/pod${id}/${container()}`)).toBe('0'),
    )
    expect(grown).toMatchObject({ pending: 1 })
    const found = pending().find(({ subject }) => subject.pod === digits(id))
    expect(found).toMatchObject({ decision: 'exec', outcome: 'would-deny' })
  })

  describe('that is there before it is known', () => {
    const all = () => [
      ...known.map((id, i) => pod(`pod-${i}`, { uid: id })),
      pod('static', { uid: uuid(), annotations: mirror }),
    ]
    const elsewhere = { namespace: 'elsewhere' }
    const late = (id: string, at: object = {}) => [...all(), pod('late', { uid: id, ...at })]
    const rowOf = (subject: bigint) => {
      const row = s.tables().subjects.get({ value: subject })
      if (!row) throw new Error('expected a row')
      return row
    }

    test('gets its policy, another with another namespace, and none when it goes', async () => {
      const id = uuid()
      const folder = `kubepods/pod${id}`
      expect(await tried(folder)).toBe('0')
      await s.setPolicies(policies(), late(id))
      expect(await tried(folder)).toBe(denied())
      await s.setPolicies(policies(), late(id, elsewhere))
      expect(await tried(folder)).toBe('0')
      await s.setPolicies(policies(), late(id))
      expect(await tried(folder)).toBe(denied())
      await s.setPolicies(policies(), all())
      expect(await tried(folder)).toBe('0')
      expect(rowOf(cgroupId(s.folder(folder))).binding).toBe(
        s.tables().control.get({ value: 0 })?.pending,
      )
    })

    test('gets its policy, though its name found no room', async () => {
      const id = uuid()
      const folder = `kubepods/pod${id}`
      const subject = make(folder)
      s.tables().subject_names.delete({ value: subject })
      await s.setPolicies(policies(), late(id))
      expect(await tried(folder)).toBe(denied())
    })

    test('gets its policy, though the kernel was binding it by the plan before', async () => {
      const id = uuid()
      const folder = `kubepods/pod${id}`
      const subject = make(folder)
      const before = rowOf(subject)
      await s.setPolicies(policies(), late(id))
      s.tables().subjects.set({ value: subject }, before) // as a kernel would that was slow to write it
      await expect.poll(() => tried(folder), { timeout: 6000, interval: 250 }).toBe(denied())
    })
  })

  test('another pod’s annotation takes nothing from it', async () => {
    const [victim = '', thief = ''] = [uuid(), uuid()]
    const claims = { 'kubernetes.io/config.hash': digits(victim) }
    const other = { ...pod('thief', { uid: thief, annotations: claims }), kind: 'Pod' }
    other.metadata = { ...other.metadata, namespace: 'free' }
    await s.setPolicies(`${policies()}\n# claims`, [pod('victim', { uid: victim }), other])
    expect(await tried(`kubepods/pod${victim}`)).toBe(denied())
    expect(await tried(`kubepods/pod${thief}`)).toBe('0')
  })
})

describe('a bare container', () => {
  const shapes = () => [
    `system.slice/docker-${container()}.scope`,
    `machine.slice/libpod-${container()}.scope/container`,
    `system.slice/web.service/libpod-payload-${container()}`,
    `default/my redis`,
    `lxc.payload.web`,
    `machine.slice/systemd-nspawn@web.service/payload`,
  ]
  test('that no policy selects is pending', async () => {
    for (const shape of shapes()) {
      expect(await tried(shape), shape).toBe('0')
      expect(scopeOf(make(shape)), shape).toBe(Scope.UNMANAGED)
    }
    expect(pending().filter(({ subject }) => subject.scope === 'unmanaged').length).toBeGreaterThan(
      3,
    )
  })
  test('gets the policies that select its path, and those that select every container', async () => {
    const id = container()
    expect(await tried(`docker/${id}`)).toBe(denied())
    const all = s.policy('all', 'unused', { processes: [{ exe: tools }] }) as {
      spec: { select?: object }
    }
    delete all.spec.select
    await s.setPolicies(policies(all))
    for (const shape of shapes()) expect(await tried(shape), shape).toBe(denied())
    // But it makes no container of what is none.
    expect(await tried('system.slice/cron.service')).toBe('0')
    await s.setPolicies(policies())
  })
})

describe('impersonation', () => {
  test('of a known pod by a name in another place', () => {
    const [id = ''] = [known[5]]
    for (const place of [
      `pod${id}`,
      `system.slice/pod${id}`,
      `system.slice/kubepods-pod${under(id)}.slice`,
      `kubepods.slice/other.slice/kubepods-burstable-pod${under(id)}.slice`,
    ])
      expect(scopeOf(make(place)), place).toBeUndefined()
  })

  test('by somebody who is not root, in a folder of his', async () => {
    const folder = s.folder('user.slice/kubepods')
    fs.chownSync(folder, 65534, 65534)
    const names = [`pod${known[6]}`, `libpod-${container()}.scope`]
    for (const name of names) {
      const made = join(folder, name)
      const { code } = await s.run('outside', [
        need('setpriv'),
        ...['--reuid', '65534', '--regid', '65534', '--clear-groups', need('mkdir'), made],
      ])
      expect(code).toBe(0)
      expect(scopeOf(cgroupId(made)), name).toBeUndefined()
    }
    // The agent says the same when it looks at them later.
    await s.setPolicies(`${policies()}\n# again`, [pod('new', { uid: uuid() })])
    for (const name of names) expect(scopeOf(cgroupId(join(folder, name))), name).toBeUndefined()
  })

  test('a helper’s name sheds nothing: whoever is in the pod carries it there', async () => {
    const [id = ''] = [known[7]]
    await s.setPolicies(`${policies()}\n# helper`, [pod('helped', { uid: id })])
    const top = `kubepods/pod${id}`
    s.folder(top)
    // Made by the host beside the containers it is in no subject; a pod's process that goes there stays what it is.
    const helper = `${top}/crio-conmon-${container()}`
    expect(scopeOf(make(helper))).toBeUndefined()
    expect(await tried(helper)).toBe('0')
    const enter = 'echo 0 > "$1/cgroup.procs"; "$0"; echo $?'
    const { stdout } = await s.run(`${top}/x`, [sh, '-c', enter, bad, s.folder(helper)])
    expect(stdout.trim()).toBe(denied())
    // Made by the pod itself it is the pod's.
    const own = join(s.folder(top), `crio-conmon-${container()}`)
    await s.run(`${top}/x`, [need('mkdir'), own])
    expect(subjectOf(cgroupId(own))).toBe(cgroupId(s.folder(top)))
  })
})

/** Names that are nearly right, or have bytes that no text should have. */
function names(): string[] {
  const id = known[0] ?? ''
  const hex = container()
  const odd = Array.from({ length: 255 }, (_, i) => i + 1)
    .filter((byte) => byte !== 0x2f && byte !== 0x0a) // no name has these
    .map((byte) => String.fromCharCode(byte))
  return [
    ...['kubepods', 'kubepods/burstable', 'kubepods/other', 'x/burstable', 'x'].flatMap((at) =>
      [
        id,
        digits(id),
        under(id),
        id.toUpperCase(),
        `${id}0`,
        id.slice(1),
        '',
        'x',
        `${id}\xff`,
      ].map((uid) => `${at}/pod${uid}`),
    ),
    ...[
      'kubepods',
      'kubepods-burstable',
      'a-kubepods',
      'akubepods',
      'kubepods-x',
      'kubepods-pod',
    ].flatMap((slice) =>
      [under(id), digits(id), id, 'x', '', `${under(id)}.slice`].map(
        (uid) => `${slice}.slice/${slice}-pod${uid}.slice`,
      ),
    ),
    ...['docker-', 'a-conmon-', 'conmon-', '-', ':', '', '_', 'x'].flatMap((head) =>
      ['', '.scope', '.service', '0', '-', '.scope.scope'].map((tail) => `m/${head}${hex}${tail}`),
    ),
    ...odd.map((byte) => `odd/${byte}-${hex}.scope`),
    ...odd.map((byte) => `odd/docker-${hex.slice(1)}${byte}`),
    ...odd.map((byte) => `kubepods/pod${id.slice(1)}${byte}`),
    ...odd.map((byte) => `docker/x${byte}${byte}`),
    ...[
      `${'x'.repeat(190)}-${hex}`,
      `${'x'.repeat(191)}${hex}`,
      'x'.repeat(255),
      '\xff'.repeat(255),
    ],
    ...[
      'default/a',
      'a/default/b',
      'lxc/a',
      'a/lxc/b',
      'lxc.payload/a',
      'lxc.payload.',
      'lxc.payload.a',
    ],
    ...['machine-a.scope/payload', 'machine-a.scopes/payload', 'x/payload', 'machine-/payload'],
    ...[`buildkit/${'a'.repeat(25)}`, `buildkit/${'A'.repeat(25)}`, `buildkit/${'a'.repeat(24)}`],
    ...[`b/buildkit-${'a1'.repeat(12)}z.scope`, `b/buildkit-${'a1'.repeat(13)}z.scope`],
  ]
}

test('kernel and agent agree about a thousand names', async () => {
  const made = names().map((path, i) => {
    // Each below a top-level folder of its own, but for those that must be at the top.
    const alone = /^(default|lxc|docker)\//.test(path) ? path : `names-${i}/${path}`
    return { path: alone, id: make(alone) }
  })
  expect(made.length).toBeGreaterThan(900)
  const wrong = made.flatMap(({ path, id }) => {
    const [own = '', parent = '', above = ''] = [...path.split('/').reverse(), s.name]
    const says = recognise({ own, parent, above, atTop: path.split('/').length === 2 })
    const kernel = scopeOf(id)
    const expected =
      says?.kind === 'pod'
        ? Scope.POD
        : says?.kind === 'container' || /^docker\//.test(path)
          ? Scope.UNMANAGED
          : undefined
    return kernel === expected ? [] : [{ path, says, kernel }]
  })
  expect(wrong).toEqual([])
  // Binding them again changes nothing, and what people read is text.
  const before = made.map(({ id }) => [subjectOf(id), scopeOf(id)])
  await s.setPolicies(`${policies()}\n# names`, [pod('one', { uid: known[0] })])
  expect(made.map(({ id }) => [subjectOf(id), scopeOf(id)])).toEqual(before)
  expect(s.current().problems).toEqual([])
})

test('ten thousand cgroups are bound, and gone again', async () => {
  await s.setPolicies(policies(), [pod('many', { uid: known[0] })])
  const parents = Array.from({ length: 100 }, () => `kubepods/pod${known[0]}/${container()}`)
  const ids = parents.flatMap((parent) =>
    Array.from({ length: 100 }, (_, i) => make(`${parent}/${i}`)),
  )
  const top = cgroupId(s.folder(`kubepods/pod${known[0]}`))
  expect(ids.filter((id) => subjectOf(id) !== top)).toEqual([])
  expect(await tried(`${parents[99]}/99`)).toBe(denied())
  // Looking at all of them again takes nothing away.
  await s.setPolicies(policies(), [pod('many', { uid: known[0] }), pod('more', { uid: uuid() })])
  expect(ids.filter((id) => subjectOf(id) !== top)).toEqual([])
  expect(s.current().problems).toEqual([])
  for (const parent of parents) {
    for (let i = 0; i < 100; i++) fs.rmdirSync(join(s.cgroup, parent, `${i}`))
    fs.rmdirSync(join(s.cgroup, parent))
  }
  await expect.poll(() => ids.filter((id) => subjectOf(id) !== undefined).length).toBe(0)
})
