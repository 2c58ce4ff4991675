// SPDX-License-Identifier: Apache-2.0
// Where code comes from: what counts as the image's for a container on an overlay, for one on a plain file system and for a
// host service; and that engines which compile at run time keep working. The ways around it are in test/attempts.
import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeImage, type Image } from '../attempts/image.ts'
import { documents, need, Sandbox, type ClusterSpec, type Ended } from '../harness/sandbox.ts'

let s: Sandbox
let image: Image
let boxes = 0
/** Whether mapping can be refused here. */
let refuses = false
beforeAll(async () => {
  image = makeImage()
  s = new Sandbox()
  await s.start(documents(s.policy('none', 'none', {})))
  refuses = s.mechanism() !== 'signal'
}, 120_000)
afterAll(() => s?.close())

async function box(spec: ClusterSpec): Promise<string> {
  const name = `code-${++boxes}`
  await s.setPolicies(documents(s.policy(name, name, spec)))
  return name
}
const of = (name: string) =>
  s
    .records()
    .filter(({ subject }) => subject.name === name)
    .map(({ decision, rule, outcome, origin }) => ({ decision, rule, outcome, origin }))
const fromImage: ClusterSpec = { code: 'image', processes: [{ exe: ['/**'] }] }

/** In a mount namespace of its own: prepares a root, enters the cgroup and becomes the root's first program there. */
const becomes = `
  my ($cgroup, $root, $prepare, @argv) = @ARGV;
  syscall(${process.arch === 'arm64' ? 97 : 272}, 0x20000) == 0 or die "unshare: $!";
  system("mount", "--make-rprivate", "/") == 0 or die;
  system("mount", "-t", "tmpfs", "tmpfs", $root) == 0 or die;
  system("/bin/sh", "-e", "-c", $prepare, "sh", $root) == 0 or die "cannot prepare";
  open(my $procs, ">", "$cgroup/cgroup.procs") or die "cgroup: $!";
  chroot "$root/root" or die "chroot: $!"; chdir "/";
  syswrite($procs, $$) or die "cgroup: $!"; close $procs;
  exec { $argv[0] } @argv; exit 126;`

async function inRoot(cgroup: string, prepare: string, ...argv: string[]): Promise<Ended> {
  const root = join(s.files, 'root')
  fs.mkdirSync(root, { recursive: true })
  const folder = s.folder(cgroup)
  return s.run('free', [need('perl'), '-e', becomes, folder, root, prepare, ...argv])
}
const runs = { code: 0, signal: null }
const denied = () => (refuses ? { code: 126, signal: null } : { code: null, signal: 'SIGKILL' })
const byCode = { decision: 'exec', rule: 'spec.code', outcome: 'denied', origin: 'other' }

/** An overlay with the image as its lower layer, then `change` in it. */
const overlay = (change = '', options = '') => `
  cd "$1"; mkdir lower upper work root; cp -a ${image.folder}/. lower
  mount -t overlay -o "lowerdir=lower,upperdir=upper,workdir=work${options}" overlay root
  cd root; ${change}`

test('what a kernel cannot tell or refuse is said', () => {
  const row = (name: string) => s.current().mechanisms.find(({ decision }) => decision === name)
  expect(row('origin')).toMatchObject({ mechanism: 'types' })
  if (refuses) expect(row('code')).toMatchObject({ decision: 'code', mechanism: s.mechanism() })
  else expect(row('code')?.degraded).toMatch(/./)
})

describe('on an overlay', () => {
  // fd 5 is where the image's programs say that they ran.
  const started = async (change: string, program = '/bin/good', options = '') => {
    const name = await box(fromImage)
    const ended = await inRoot(name, overlay(change, options), program)
    return { name, ended }
  }

  test('a file of a lower layer is the image’s', async () => {
    const { name, ended } = await started('')
    expect(ended).toMatchObject(runs)
    expect(of(name)).toEqual([])
  })

  test.for([
    ['a copy of it', 'cp bin/good bin/copy', '/bin/copy'],
    ['a hard link, which makes an upper file of both', 'ln bin/good bin/link', '/bin/link'],
    ['another content', 'cat bin/evil > bin/good', '/bin/good'],
    ['the same content, written again', 'cp bin/good x; cat x > bin/good', '/bin/good'],
    ['other attributes', 'chmod 0700 bin/good', '/bin/good'],
    ['another file renamed over it', 'cp bin/evil x; mv x bin/good', '/bin/good'],
    ['removed and made again', 'cp bin/good x; rm bin/good; cp x bin/good', '/bin/good'],
    ['a file on a tmpfs', 'mount -t tmpfs t tmp; cp bin/good tmp/good', '/tmp/good'],
    [
      'a volume over its folder',
      'mkdir ../v; cp bin/good ../v; mount --bind ../v bin',
      '/bin/good',
    ],
    ['a volume over it', 'cp bin/good ../good; mount --bind ../good bin/good', '/bin/good'],
  ] as const)('%s is not', async ([, change, program]) => {
    const { name, ended } = await started(change, program)
    expect(ended).toMatchObject(denied())
    expect(of(name)).toEqual([byCode])
  })

  test('with metacopy, other attributes alone make another file of it', async () => {
    const { name, ended } = await started('chmod 0700 bin/good', '/bin/good', ',metacopy=on')
    expect(ended).toMatchObject(denied())
    expect(of(name)).toEqual([byCode])
  })

  test.for(['/opt/moved/run', '/opt/moved/deep/er/run'])(
    'with redirect_dir, what lies in a renamed folder is not where the image has it: %s',
    async (program) => {
      const change = 'mv opt/good opt/moved; ls opt/moved > /dev/null'
      const deeper = 'mkdir -p lower/opt/good/deep/er; cp lower/opt/good/run lower/opt/good/deep/er'
      const prepare = overlay(change, ',redirect_dir=on').replace('mount -t', `${deeper}; mount -t`)
      const name = await box(fromImage)
      expect(await inRoot(name, prepare, program)).toMatchObject(denied())
      expect(of(name)).toEqual([byCode])
    },
  )

  test('with redirect_dir, what lies beside a renamed folder is the image’s', async () => {
    const { ended } = await started('mv opt/good opt/moved', '/bin/good', ',redirect_dir=on')
    expect(ended).toMatchObject(runs)
  })

  /** The image is the lowest of a hundred layers; each of the others has a file of its own. */
  const layers = (change: string) => `
    cd "$1"; mkdir upper work root; all=; i=0
    while [ $i -lt 99 ]; do mkdir -p l$i/etc; : > l$i/etc/$i; all="$all\${all:+:}l$i"; i=$((i+1)); done
    mkdir image; cp -a ${image.folder}/. image
    mount -t overlay -o "lowerdir=$all:image,upperdir=upper,workdir=work" overlay root
    cd root; ${change}`
  test('of a hundred lower layers, each is the image', async () => {
    const name = await box(fromImage)
    expect(await inRoot(name, layers(''), '/bin/good')).toMatchObject(runs)
    expect(await inRoot(name, layers('cat bin/evil > bin/good'), '/bin/good')).toMatchObject(
      denied(),
    )
    expect(of(name)).toEqual([byCode])
  })

  test('a lower file of another overlay, made in the container, is not the image’s', async () => {
    const inner = `mkdir -p ../in/l ../in/u ../in/w; cp bin/evil ../in/l/good
      mount -t overlay -o lowerdir=../in/l,upperdir=../in/u,workdir=../in/w inner bin`
    const { name, ended } = await started(inner)
    expect(ended).toMatchObject(denied())
    expect(of(name)).toEqual([byCode])
  })
})

describe('on a plain file system', () => {
  const plain = (change: string) => `
    cd "$1"; mkdir root; mount -t tmpfs plain root; cp -a ${image.folder}/. root; ${change}`

  test('a container’s root that can be written to has no image', async () => {
    const name = await box(fromImage)
    expect(await inRoot(name, plain(''), '/bin/good')).toMatchObject(denied())
    expect(of(name)).toEqual([byCode])
  })

  test('one that is mounted read-only is all image, and its volumes are not', async () => {
    const name = await box(fromImage)
    const change = 'cp root/bin/good good; touch root/mnt/good'
    const readOnly = 'mount -o remount,bind,ro root'
    expect(await inRoot(name, plain(readOnly), '/bin/good')).toMatchObject(runs)
    expect(of(name)).toEqual([])
    const volume = plain(`${change}; mount --bind good root/mnt/good; ${readOnly}`)
    expect(await inRoot(name, volume, '/mnt/good')).toMatchObject(denied())
    expect(of(name)).toEqual([byCode])
  })

  test('so is a file system that is read-only itself', async () => {
    const name = await box(fromImage)
    expect(await inRoot(name, plain('mount -o remount,ro root'), '/bin/good')).toMatchObject(runs)
  })
})

test('a host service runs what belongs to root and nobody else may write', async () => {
  const name = await box({ code: 'image', scope: 'host', mode: 'audit' })
  const file = join(s.files, 'service')
  fs.copyFileSync(need('true'), file)
  // What it maps of itself is recorded as well, where mappings are decided.
  const started = () => of(name).filter(({ decision }) => decision === 'exec')
  const tried = async (mode: number, owner: number) => {
    fs.chownSync(file, owner, 0)
    fs.chmodSync(file, mode)
    const before = started().length
    expect(await s.run(name, [file])).toMatchObject(runs)
    return started().length - before
  }
  expect(await tried(0o755, 0)).toBe(0)
  expect(await tried(0o755, 1000)).toBe(1)
  expect(started()).toEqual([{ ...byCode, outcome: 'would-deny' }])
  const sum = () =>
    s
      .records()
      .filter((r) => r.subject.name === name && r.decision === 'exec')
      .reduce((n, r) => n + r.count, 0)
  for (const mode of [0o775, 0o757]) {
    const before = sum()
    await tried(mode, 0)
    expect(sum() - before, mode.toString(8)).toBe(1)
  }
})

describe('an engine that compiles at run time', () => {
  const hot = `const f = (n) => { let s = 0; for (let i = 0; i < n; i++) s += i % 7; return s }
    let all = 0; for (let i = 0; i < 300; i++) all += f(1000); console.log(all)`
  /** The machine's own files are the image here, and node. */
  const machine = `
    cd "$1"; mkdir lower upper work root; cp "${process.execPath}" lower/node
    mount -t overlay -o "lowerdir=lower:/,upperdir=upper,workdir=work" overlay root`
  const node = async (spec: ClusterSpec, ...flags: string[]) => {
    const name = await box({ ...spec, processes: [{ exe: ['/**'] }] })
    return { name, ended: await inRoot(name, machine, '/node', ...flags, '-e', hot) }
  }

  test('works where only files are limited', async () => {
    const { name, ended } = await node({ code: 'image' })
    expect(ended).toMatchObject({ ...runs, stdout: '899100\n' })
    expect(of(name)).toEqual([])
  })

  test('compiles nothing where memory is denied, and works without compiling', async () => {
    if (!refuses) return
    const { name, ended } = await node({ anonymousCode: 'deny' })
    expect(ended.stdout).toBe('')
    expect(of(name)).toContainEqual({
      decision: 'code',
      rule: 'spec.anonymousCode',
      outcome: 'denied',
      origin: 'memory',
    })
    const without = await node({ anonymousCode: 'deny' }, '--jitless')
    expect(without.ended).toMatchObject({ ...runs, stdout: '899100\n' })
    expect(of(without.name)).toEqual([])
  })
})
