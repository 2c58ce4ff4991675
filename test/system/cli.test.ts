// SPDX-License-Identifier: Apache-2.0
// The command line as a person uses it, on real processes: start, watch, read the report, promote, survive, disarm.
// The steps depend on each other, so they are one story in the order of the file.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { documents, ended, need, Sandbox, until } from '../harness/sandbox.ts'

const main = new URL('../../cli/src/main.ts', import.meta.url).pathname

interface Answer {
  code: number | null
  out: string
  err: string
}

interface Report {
  schema: string
  summary: Record<string, unknown>
  records: {
    subject: { scope: string; cgroup: string }
    executable: string
    from: string
    decision: string
    outcome: string
    count: number
    policy: string
    enforcing: string
  }[]
  counters: Record<'denied' | 'emitted' | 'suppressed' | 'lost', number>
}

let box: Sandbox
let agents: ChildProcess[] = []
const places = () => ['--pins', box.pins, '--state', box.state]

function underpin(...args: string[]): Answer {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { code: status, out: stdout, err: stderr }
}

/** The agent in the background; resolves when everything is in force. */
async function enforce(...more: string[]): Promise<ChildProcess> {
  const options = ['--policies', box.policies, '--cgroup', box.cgroup, ...more, ...places()]
  const agent = spawn(process.execPath, [main, 'enforce', ...options], { stdio: 'pipe' })
  agents.push(agent)
  let said = ''
  agent.stdout.on('data', (data: Buffer) => (said += data.toString()))
  agent.stderr.on('data', (data: Buffer) => (said += data.toString()))
  await until(
    'the agent is ready',
    () => said.includes('"ready"') || agent.exitCode !== null,
    60_000,
  )
  expect(agent.exitCode, said).toBe(null)
  const status = underpin('status', '--wait=30', ...places())
  expect(status, said).toMatchObject({ code: 0 })
  return agent
}

const report = (): Report => JSON.parse(underpin('report', '-o', 'json', ...places()).out) as Report
const policyFile = () => join(box.policies, 'all.yaml')
const policyText = () => readFileSync(policyFile(), 'utf8')
const allowed = need('true')
const violating = need('date')
const key = 'ClusterRuntimePolicy/box'

beforeAll(() => {
  box = new Sandbox()
  const policy = box.policy('box', 'box', {
    mode: 'audit',
    processes: [{ exe: [allowed, need('dash')] }],
  })
  box.write(box.policies, `# who may run in the box\n${documents(policy)}\n`)
})
afterAll(async () => {
  for (const agent of agents) await ended(agent, 'SIGKILL')
  agents = []
  box.close()
})

let agent: ChildProcess

test('nothing is in force before the start', () => {
  expect(underpin('status', ...places())).toMatchObject({
    code: 3,
    out: expect.stringContaining('nothing is in force') as string,
  })
  expect(underpin('report', ...places()).code).toBe(3)
})

test('enforce, and status --wait until it is in force', async () => {
  agent = await enforce('--flows')
  const { out } = underpin('status', ...places())
  expect(out).toContain(`running (process ${agent.pid}`)
  expect(out).toMatch(/ClusterRuntimePolicy\/box +audit/)
  expect(out).toMatch(/by +(lsm|fmod_ret|signal): exec/)
})

test('a clean report is exit 0; what is let through in audit is reported exactly', async () => {
  expect((await box.run('box', [allowed])).code).toBe(0)
  expect(underpin('report', ...places())).toMatchObject({
    code: 0,
    out: expect.stringContaining('clean') as string,
  })
  expect((await box.run('box', [violating])).code).toBe(0)
  expect((await box.run('box', [violating])).code).toBe(0)
  const text = underpin('report', ...places())
  expect(text.code).toBe(1)
  expect(text.out).toContain('1 subject, 1 would be stopped (2 times), 0 were stopped')
  expect(text.out).toContain(`${violating}, started by ${need('dash')}`)
  const data = report()
  expect(data.schema).toBe('underpin.dev/report/v1alpha1')
  expect(data.records).toMatchObject([
    {
      subject: { scope: 'unmanaged', cgroup: box.path('box') },
      executable: violating,
      from: need('dash'),
      decision: 'exec',
      outcome: 'would-deny',
      count: 2,
      policy: key,
    },
  ])
  const { denied, emitted, suppressed, lost } = data.counters
  expect(denied).toBe(emitted + suppressed + lost)
})

test('report --flows tells who talked with whom', async () => {
  expect(underpin('report', '--flows', ...places())).toMatchObject({
    code: 0,
    out: 'nobody has talked with anybody\n',
  })
  const script = `require('node:net').createServer((c) => c.end('hello')).listen(0, '127.0.0.1', function () {
    require('node:net').connect(this.address().port, '127.0.0.1').resume().on('close', () => process.exit(0)) })`
  expect((await box.run('aside', [process.execPath, '-e', script])).code).toBe(0)
  const { code, out } = underpin('report', '--flows', '-o', 'json', ...places())
  expect(code).toBe(0)
  const { schema, flows } = JSON.parse(out) as { schema: string; flows: object[] }
  expect(schema).toBe('underpin.dev/flows/v1alpha1')
  expect(flows).toMatchObject([
    { target: { protocol: 'TCP', address: '127.0.0.1' }, connections: 1 },
    { target: { protocol: 'TCP', address: '127.0.0.1' }, connections: 1 },
  ])
  expect(underpin('report', '--flows', ...places()).out).toMatch(/→ 127\.0\.0\.1:\d+\/TCP +1×/)
})

test('status tells the subject and what binds it', () => {
  expect(underpin('status', ...places()).out).toMatch(
    /container box in \/underpin-test-\S+ +ClusterRuntimePolicy\/box/,
  )
})

test('a second agent is refused', () => {
  const second = underpin(
    'enforce',
    '--policies',
    box.policies,
    '--cgroup',
    box.cgroup,
    ...places(),
  )
  expect(second.code).toBe(2)
  expect(second.err).toContain(`another agent (process ${agent.pid})`)
  expect(second.err.split('\n')).toHaveLength(2)
})

test('promote refuses while the report is not clean, and changes nothing', () => {
  const before = policyText()
  for (const args of [['box'], ['box', '--dry-run']]) {
    const refused = underpin('promote', ...args, ...places())
    expect(refused.code).toBe(1)
    expect(refused.out).toContain(violating)
    expect(refused.out).toContain('refused: the report is not clean')
  }
  expect(underpin('promote', 'bxo', ...places())).toMatchObject({
    code: 2,
    err: expect.stringContaining(`did you mean ${key}?`) as string,
  })
  expect(policyText()).toBe(before)
})

test('promote --accept: what was reported is stopped, and nothing else', async () => {
  const before = policyText()
  const promoted = underpin('promote', 'box', '--accept', ...places())
  expect(promoted).toMatchObject({ code: 0, err: '' })
  expect(promoted.out).toContain(`promoted ${key}`)
  expect(policyText()).toBe(before.replace('"mode": "audit"', '"mode": "enforce"'))
  const stopped = await box.run('box', [violating])
  expect(stopped.stdout).toBe('')
  expect(stopped.code).not.toBe(0)
  expect((await box.run('box', [allowed])).code).toBe(0)
  expect(
    report()
      .records.map(({ outcome, count }) => [outcome, count])
      .sort(),
  ).toEqual([
    ['denied', 1],
    ['would-deny', 2],
  ])
  expect(underpin('report', ...places()).out).toContain(
    '1 was stopped (1 time), 1 was let through before (2 times)',
  )
  expect(underpin('promote', 'box', ...places())).toMatchObject({
    code: 0,
    out: expect.stringContaining('enforces already') as string,
  })
})

test('observe shows decisions as they are made, allowed ones too, and leaves nothing behind', async () => {
  const watching = spawn(
    process.execPath,
    [main, 'observe', '--seconds', '30', '-o', 'json', ...places()],
    { stdio: 'pipe' },
  )
  agents.push(watching)
  let said = ''
  watching.stdout.on('data', (data: Buffer) => (said += data.toString()))
  await until('an allowed exec is seen', () => {
    spawnSync('/bin/sh', [
      '-c',
      'echo $$ > "$0/cgroup.procs" && exec "$1"',
      box.folder('box'),
      allowed,
    ])
    return said.includes(`"executable":"${allowed}"`)
  })
  expect(underpin('observe', '--seconds', '1', ...places())).toMatchObject({
    code: 2,
    err: expect.stringContaining('somebody else observing') as string,
  })
  await ended(watching, 'SIGINT')
  expect(watching.exitCode).toBe(0)
  const lines = said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { executable: string; outcome: string })
  expect(lines).toContainEqual(expect.objectContaining({ executable: allowed, outcome: 'allowed' }))
  expect(box.tables().flags.get({ value: 0 })?.value).toBe(0)
})

test('kill -9: what is in force stays, and the next agent takes over', async () => {
  await ended(agent, 'SIGKILL')
  expect((await box.run('box', [violating])).code).not.toBe(0)
  const alone = underpin('status', ...places())
  expect(alone).toMatchObject({ code: 0, out: expect.stringContaining('not running') as string })
  expect(alone.out).toMatch(/ClusterRuntimePolicy\/box +enforce/)
  expect(underpin('report', ...places()).code).toBe(1)
  agent = await enforce()
  expect((await box.run('box', [violating])).code).not.toBe(0)
  expect((await box.run('box', [allowed])).code).toBe(0)
})

test('a bad policy file keeps the previous plan, and status says why', async () => {
  const before = policyText()
  writeFileSync(join(box.policies, 'bad.yaml'), 'kind: RuntimePolciy\n')
  await until('the problem is told', () =>
    underpin('status', ...places()).out.includes('RuntimePolciy'),
  )
  expect(underpin('status', '--wait=0', ...places()).code).toBe(3)
  expect((await box.run('box', [violating])).code).not.toBe(0)
  expect(underpin('promote', 'box', ...places()).code).toBe(2)
  writeFileSync(join(box.policies, 'bad.yaml'), '')
  expect(underpin('status', '--wait=30', ...places()).code).toBe(0)
  expect(policyText()).toBe(before)
})

test('SIGTERM ends the agent, says what stays, and disarm removes everything', async () => {
  let said = ''
  agent.stderr?.on('data', (data: Buffer) => (said += data.toString()))
  await ended(agent, 'SIGTERM')
  expect(agent.exitCode).toBe(0)
  expect(said).toContain('stay in force')
  expect((await box.run('box', [violating])).code).not.toBe(0)
  const disarmed = underpin('disarm', ...places())
  expect(disarmed).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^disarmed: \d+ programs detached/) as string,
  })
  expect(existsSync(box.pins)).toBe(false)
  expect((await box.run('box', [violating])).code).toBe(0)
  expect(underpin('disarm', ...places())).toMatchObject({
    code: 0,
    out: expect.stringContaining('nothing was in force') as string,
  })
})

/** Where the mistake is, and the document around it. */
const planted: [place: string, text: string][] = [
  ['5:3', 'spec:\n  proceses: []'],
  ['7:27', 'spec:\n  processes:\n    - exe: /app/web\n      ingress: [{ ports: [99999/TCP] }]'],
  [
    '8:24',
    'spec:\n  processes:\n    - exe: /app/web\n      egress:\n        - to: [{ cidr: 10.0.0.0/33 }]',
  ],
  ['6:12', 'spec:\n  processes:\n    - exe: bin/web'],
  ['5:9', 'spec:\n  mode: enforced\n  processes: []'],
  ['6:3', 'spec:\n  mode: audit\n  mode: enforce\n  processes: []'],
  ['5:25', 'spec:\n  select: { expression: "pod.metadata.name ==" }\n  processes: []'],
  [
    '7:30',
    'spec:\n  processes:\n    - exe: /app/web\n      egress: [{ to: [{ dns: "*.*.org" }] }]',
  ],
  ['5:10', 'spec:\n  deny: [{}]'],
  ['6:12', 'spec:\n  processes: [\n    { exe: ] }'],
]

test('policy check lists ten planted mistakes, each with file, line and column', () => {
  for (const [i, [, spec]] of planted.entries()) {
    const head = `apiVersion: underpin.dev/v1alpha1\nkind: RuntimePolicy\nmetadata: { name: p${i}, namespace: shop }`
    writeFileSync(join(box.files, `p${i}.yaml`), `${head}\n${spec}\n`)
  }
  const { code, out, err } = underpin('policy', 'check', box.files)
  expect([code, err]).toEqual([2, ''])
  const lines = out.trim().split('\n')
  expect(lines.pop()).toBe('10 problems in 10 files')
  expect(
    lines.map(
      (line) => /\/(p\d+\.yaml:\d+:\d+) ?\S*: found .+, expected .+ \(.+\)$/.exec(line)?.[1],
    ),
  ).toEqual(planted.map(([place], i) => `p${i}.yaml:${place}`))
})

test('what cannot start ends, and says what is missing', () => {
  const file = join(box.files, 'a-file')
  writeFileSync(file, '')
  const coverage = join(box.files, 'coverage.yaml')
  writeFileSync(
    coverage,
    'apiVersion: underpin.dev/v1alpha1\nkind: CoveragePolicy\nmetadata: { name: c }\n' +
      'spec: { meshes: [istio], namespaces: [{ name: a, mode: audit, select: { namespaces: {} } }] }\n',
  )
  const agent = ['enforce', '--policies', box.policies, '--pins', box.pins]
  const webhook = ['webhook', '--policies', coverage]
  const cases: [string[], number, RegExp][] = [
    [[...agent, '--state', box.state, '--cgroup', '/nowhere'], 2, /no such folder.*--cgroup/],
    [[...agent, '--state', box.state, '--cgroup', box.files], 2, /no cgroup/],
    [[...agent, '--cgroup', box.cgroup, '--state', file], 2, /a-file.*--state DIR/],
    [[...webhook, '--state', file, '--port', '0'], 3, /webhook-ca\.pem.*--state DIR/],
    [[...webhook, '--state', box.state, '--port', 'abc'], 2, /--port abc/],
    [[...webhook, '--state', box.state, '--drain=abc'], 2, /--drain=abc/],
  ]
  for (const [args, code, said] of cases) {
    const answer = underpin(...args)
    expect(answer.code, `${args.join(' ')}: ${answer.err}`).toBe(code)
    expect(answer.err).toMatch(said)
    expect(answer.err).not.toContain('a defect in underpin')
  }
  expect(existsSync(box.pins)).toBe(false)
})
