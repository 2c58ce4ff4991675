// SPDX-License-Identifier: Apache-2.0
// `npm start`: audit, then enforce, on this machine's own kernel, with real processes and sockets, in cgroups of its own.
// `npm start -- --policies DIR …` runs the product itself on your policies instead.
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { byMechanism } from '../cli/src/mechanism-lines.ts'
import type { DecisionMechanism } from '../enforcer/src/index.ts'
import { parseDocuments } from '../policies/src/index.ts'
import { follow, runContainer, type Program } from './demo/container.ts'
import { review } from './demo/review.ts'
import { bold, check, dim, failures, indent, say, step, until } from './demo/screen.ts'

const root = new URL('..', import.meta.url).pathname
const cli = join(root, 'dist/cli/src/main.js')

if (process.argv.length > 2) {
  const own = spawnSync(process.execPath, [cli, 'enforce', ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  process.exit(own.status ?? 1)
}

const began = Date.now()
const id = randomBytes(3).toString('hex')
const work = mkdtempSync(join(tmpdir(), 'underpin-demo-'))
const state = join(work, 'state')
const pins = `/sys/fs/bpf/underpin-demo-${id}`
const places = ['--state', state, '--pins', pins]
const cgroups = join(cgroup2(), `underpin-demo-${id}`)
const started: Program[] = []

function cgroup2(): string {
  const line = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .find((entry) => entry.split(' ')[2] === 'cgroup2')
  if (!line)
    throw new Error('no cgroup v2 on this machine (boot with systemd.unified_cgroup_hierarchy=1)')
  return line.split(' ')[1] as string
}

/** A command of the product, as a user types it. */
function underpin(...args: string[]): { status: number; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { status: status ?? -1, output: `${stdout}${stderr}` }
}

function background(args: string[]): Program {
  const program = follow(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] }))
  let errors = ''
  program.child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  void program.ended.then((how) => {
    if (how !== 'SIGTERM' && how !== '0' && !ending) say(dim(indent(errors.slice(-2000))))
  })
  started.push(program)
  return program
}

function container(
  cgroup: string,
  exe: string,
  program: string,
  ...args: (string | number)[]
): Program {
  const one = runContainer({ work, cgroup, exe, program, args: args.map(String) })
  started.push(one)
  return one
}

const last = (program: Program, event?: string) =>
  program.lines.findLast((line) => event === undefined || line.event === event)
const manifest = (name: string) => {
  const file = join(root, 'examples/demo/manifests', name)
  return parseDocuments(readFileSync(file, 'utf8'))[0]?.value as {
    kind: string
    metadata: { name: string; namespace: string; uid: string }
  }
}
const podCgroup = (uid: string) =>
  join(
    cgroups,
    'kubepods.slice/kubepods-burstable.slice',
    `kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`,
    `cri-containerd-${randomBytes(32).toString('hex')}.scope`,
  )

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

let ending = false
async function end(): Promise<void> {
  ending = true
  for (const { child } of started.toReversed()) if (child.exitCode === null) child.kill('SIGTERM')
  await Promise.race([
    Promise.all(started.map((p) => p.ended)),
    new Promise((r) => setTimeout(r, 2000)),
  ])
  for (const { child } of started)
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  underpin('disarm', '--pins', pins)
  removeCgroups(cgroups)
  rmSync(work, { recursive: true, force: true })
}

/** Children first; a cgroup whose last process is just going is tried again. */
function removeCgroups(folder: string): void {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      for (const entry of readdirSync(folder, { withFileTypes: true }))
        if (entry.isDirectory()) removeCgroups(join(folder, entry.name))
      rmdirSync(folder)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}

async function demo(): Promise<void> {
  const shopPort = await freePort()
  const policies = join(work, 'policies')
  cpSync(join(root, 'examples/demo/policies'), policies, { recursive: true })
  for (const name of readdirSync(policies)) {
    const text = readFileSync(join(policies, name), 'utf8')
    writeFileSync(join(policies, name), text.replaceAll('18080', String(shopPort)))
  }
  mkdirSync(cgroups)
  mkdirSync(state)
  const manifests = join(root, 'examples/demo/manifests')

  say(bold('Underpin: what slips past the sidecar, and what the kernel does about it'))
  background([
    cli,
    'enforce',
    '--policies',
    policies,
    '--pods',
    manifests,
    '--cgroup',
    cgroups,
    ...places,
  ])
  const webhook = background([
    cli,
    'webhook',
    '--policies',
    policies,
    '--manifests',
    manifests,
    '--port',
    '0',
    '--state',
    state,
  ])
  const url = () =>
    webhook.lines.find((line) => typeof line.url === 'string')?.url as string | undefined
  if (!(await until(() => url() !== undefined, 15_000)))
    throw new Error('the webhook did not start')
  const status = underpin('status', '--wait=15', ...places)
  if (status.status !== 0) throw new Error(`the enforcer did not start:\n${status.output}`)
  const { mechanisms } = JSON.parse(readFileSync(join(state, 'state.json'), 'utf8')) as {
    mechanisms: DecisionMechanism[]
  }
  const kernel = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()
  say(dim(`   kernel ${kernel}; ${byMechanism(mechanisms).join('; ')}`))

  step(1, 'Admission: two pods are sent to the webhook; a bare container never passes it')
  const ca = readFileSync(join(state, 'webhook-ca.pem'), 'utf8')
  const checkoutPod = manifest('checkout.yaml')
  const recommenderPod = manifest('recommender.yaml')
  const covered = await review(`${url()}/validate`, ca, checkoutPod)
  const past = await review(`${url()}/validate`, ca, recommenderPod)
  check(
    covered.allowed && covered.warnings.length === 0,
    `shop/checkout     covered by its sidecar`,
    covered.warnings[0],
  )
  check(past.allowed && past.warnings.length > 0, `shop/recommender  let in with a warning:`)
  for (const warning of past.warnings.slice(0, 2))
    say(dim(indent(indent(warning.replace(/ \(.*$/s, '')))))
  say(`   - docker-…          a bare container: no API server, no webhook, no sidecar`)

  step(2, 'All three run: a shop with its client, and a miner where no sidecar is')
  const pool = background([join(root, 'examples/pool.ts'), '0'])
  if (!(await until(() => typeof pool.lines[0]?.port === 'number', 5000)))
    throw new Error('the pool did not start')
  const poolPort = pool.lines[0]?.port as number
  const recommender = podCgroup(recommenderPod.metadata.uid)
  const bare = join(cgroups, 'system.slice', `docker-${randomBytes(32).toString('hex')}.scope`)
  const shop = container(podCgroup(checkoutPod.metadata.uid), '/app/checkout', 'shop.ts', shopPort)
  await until(() => shop.lines.length > 0, 5000)
  const shopper = container(recommender, '/app/recommender', 'shopper.ts', shopPort)
  const hidden = container(recommender, '/tmp/.x/kswapd0', 'miner.ts', poolPort)
  const miner = container(bare, '/opt/xmrig', 'miner.ts', poolPort)
  const shares = (program: Program) =>
    Number(program.lines.findLast((line) => typeof line.accepted === 'number')?.accepted ?? 0)
  await until(
    () => Number(last(shopper)?.ok ?? 0) > 0 && shares(miner) > 1 && shares(hidden) > 1,
    8000,
  )
  check(Number(last(shopper)?.ok ?? 0) > 0, `shop              answers its client`)
  check(
    shares(hidden) > 0,
    `/tmp/.x/kswapd0   mines in the pod that slipped past (shares accepted by the pool)`,
  )
  check(shares(miner) > 0, `/opt/xmrig        mines in the bare container`)

  step(3, 'Audit: everything works, and the report says what enforcing would stop')
  const audit = underpin('report', ...places)
  say(indent(audit.output))
  check(
    audit.status === 1 && audit.output.includes('xmrig') && audit.output.includes('kswapd0'),
    'both miners are in it',
  )
  check(audit.output.includes('mining handshake'), 'and what they do there has its name')
  check(!audit.output.includes('/app/'), 'the shop and its client are not')

  step(4, 'Promote: from now on the kernel does it')
  const promoted = underpin(
    'promote',
    'shop/checkout',
    'shop/recommender',
    'bare-containers',
    '--accept',
    ...places,
  )
  say(
    indent(
      promoted.output
        .split('\n')
        .filter((line) => /^(stopped|promoted|underpin:)/.test(line))
        .join('\n'),
    ),
  )
  check(promoted.status === 0, 'promoted')
  await new Promise((resolve) => setTimeout(resolve, 300)) // what the programs said while we waited is read first
  const [before, hiddenBefore] = [shares(miner), shares(hidden)]
  const again = container(bare, '/opt/xmrig', 'miner.ts', poolPort)
  const hiddenAgain = container(recommender, '/tmp/.x/kswapd0', 'miner.ts', poolPort)
  const [how, hiddenHow] = await Promise.all([again.ended, hiddenAgain.ended])
  check(
    again.lines.length === 0,
    `/opt/xmrig        started again: blocked before its first instruction (${how})`,
  )
  check(
    hiddenAgain.lines.length === 0,
    `/tmp/.x/kswapd0   started again: blocked before its first instruction (${hiddenHow})`,
  )
  const cut = (program: Program) =>
    program.lines.some((line) => line.event === 'stalled' || line.event === 'disconnected')
  await until(() => cut(miner) && cut(hidden), 6000)
  check(
    cut(miner) && shares(miner) === before,
    `/opt/xmrig        was mining already: its connection is dead`,
  )
  check(
    cut(hidden) && shares(hidden) === hiddenBefore,
    `/tmp/.x/kswapd0   was mining already: its connection is dead`,
  )
  shopper.child.kill('SIGTERM')
  await Promise.race([shopper.ended, new Promise((r) => setTimeout(r, 3000))])
  const counts = last(shopper)
  const lost = Number(counts?.failed ?? -1)
  check(
    lost === 0 && Number(counts?.sent) > 0,
    `shop              ${String(counts?.ok)} requests all the while, ${lost} lost`,
    String(counts?.reason),
  )

  step(5, 'The same report afterwards')
  const after = underpin('report', ...places)
  say(indent(after.output))
  check(
    after.status === 1 && after.output.includes('was killed') && after.output.includes('was cut'),
    'what was stopped is in it',
  )
}

process.on('SIGINT', () => {
  void end().then(() => process.exit(130))
})
try {
  await demo()
} catch (error) {
  check(false, error instanceof Error ? error.message : String(error))
}
await end()
say()
if (failures().length > 0) {
  say(`Not everything was seen: ${failures().join('; ')}`)
  process.exit(1)
}
say(`Seen in ${((Date.now() - began) / 1000).toFixed(1)} s; everything it made is removed again.`)
say(`Your own policies:  npx underpin policy check DIR   then   npm start -- --policies DIR`)
say(dim(`Examples of policies: policies/library; what this showed: examples/demo`))
