// SPDX-License-Identifier: Apache-2.0
// Exec, with real processes: what a policy lists runs, and nothing else does, by whatever name it is asked for.
// The same file runs in guests whose kernels deny (lsm, fmod_ret) where this machine's may only kill (signal).
import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hashKeyOf } from '../../enforcer/src/plan/apply.ts'
import { hashPath } from '../../enforcer/src/plan/path-hash.ts'
import { execveat, memfd } from '../harness/perl.ts'
import {
  documents,
  kernelAtLeast,
  need,
  Sandbox,
  type ClusterSpec,
  type Ended,
} from '../harness/sandbox.ts'

const expected = process.env.UNDERPIN_EXPECT_MECHANISM
/** A guest without KVM is about thirty times slower. */
const many = expected ? 20 : 500
const sh = need('sh')

let s: Sandbox
let boxes = 0
let mechanism = ''

beforeAll(async () => {
  s = new Sandbox()
  await s.start(documents(s.policy('none', 'none', {})))
  mechanism = s.mechanism()
})
afterAll(() => s.close())
afterEach(() => {
  const { denied, emitted, suppressed, lost, signal_failed } = s.counters()
  expect(denied).toBe((emitted ?? 0) + (suppressed ?? 0) + (lost ?? 0))
  expect(signal_failed).toBe(0)
})

type Box = { name: string; run: (...argv: string[]) => Promise<Ended> }

/** A cgroup of its own, with this policy in force. */
async function box(spec: ClusterSpec): Promise<Box> {
  const name = `box-${++boxes}`
  await s.setPolicies(documents(s.policy(name, name, spec)))
  return { name, run: (...argv) => s.run(name, argv) }
}
const allow = (...exe: string[]) => box({ processes: [{ exe }] })

/** An executable of our own, at a path that no other policy knows. */
function program(path: string, from = 'true'): string {
  const at = path.startsWith('/') ? path : join(s.files, path)
  fs.mkdirSync(join(at, '..'), { recursive: true })
  fs.copyFileSync(need(from), at)
  fs.chmodSync(at, 0o755)
  return at
}

function script(path: string, interpreter: string, body = 'exit 0'): string {
  const at = join(s.files, path)
  fs.mkdirSync(join(at, '..'), { recursive: true })
  fs.writeFileSync(at, `#!${interpreter}\n${body}\n`, { mode: 0o755 })
  return at
}

const ran = { code: 0, signal: null }
const denied = () =>
  mechanism === 'signal' ? { code: null, signal: 'SIGKILL' } : { code: 126, signal: null }
/** The same as a shell reports it for a child. */
const deniedStatus = () => (mechanism === 'signal' ? 137 : 126)

/** Counts by executable and outcome, however the processes came into the cgroup. */
function counts(name: string): (string | number | null)[][] {
  const sums = new Map<string, number>()
  for (const { subject, executable, outcome, count } of s.records()) {
    const key = JSON.stringify([executable, outcome])
    if (subject.name === name) sums.set(key, (sums.get(key) ?? 0) + count)
  }
  return [...sums].map(([key, count]) => [...(JSON.parse(key) as string[]), count])
}

test('the mechanism is one that works here', () => {
  expect(mechanism).toBe(expected ?? mechanism)
  expect(['lsm', 'fmod_ret', 'signal']).toContain(mechanism)
})

describe('what is listed runs, and nothing else', () => {
  test('an exact path', async () => {
    const [good, bad] = [program('exact/good'), program('exact/bad')]
    const { name, run } = await allow(good)
    expect(await run(good)).toMatchObject(ran)
    expect(await run(bad)).toMatchObject(denied())
    expect(s.records().filter(({ subject }) => subject.name === name)).toMatchObject([
      {
        executable: bad,
        from: sh,
        outcome: 'denied',
        count: 1,
        policy: `ClusterRuntimePolicy/${name}`,
        rule: 'spec.processes',
      },
    ])
  })

  test('everything below a directory, and not its neighbours', async () => {
    const { run } = await allow(join(s.files, 'tree/**'))
    expect(await run(program('tree/a'))).toMatchObject(ran)
    expect(await run(program('tree/sub/deep/a'))).toMatchObject(ran)
    expect(await run(program('tree2/a'))).toMatchObject(denied())
    expect(await run(program('tre'))).toMatchObject(denied())
  })

  test('no process at all', async () => {
    const { run } = await box({ processes: [] })
    expect(await run(need('true'))).toMatchObject(denied())
  })

  test('a guard rail wins, and restricts nothing else', async () => {
    const bad = program('rail/bad')
    const { run, name } = await box({ deny: [{ exe: bad }] })
    expect(await run(bad)).toMatchObject(denied())
    expect(await run(need('true'))).toMatchObject(ran)
    expect(s.records().find(({ subject }) => subject.name === name)?.rule).toBe('spec.deny[0]')
  })

  test('only when started by what `from` lists', async () => {
    const good = program('from/good')
    const [first, second] = [program('from/first', 'sh'), program('from/second', 'sh')]
    const { run } = await box({
      processes: [{ exe: [first, second] }, { exe: good, from: [first] }],
    })
    expect(await run(first, '-c', '"$0"; exit $?', good)).toMatchObject(ran)
    expect(await run(first, '-c', 'exec "$0"', good)).toMatchObject(ran)
    expect(await run(second, '-c', '"$0"; exit $?', good)).toMatchObject({ code: deniedStatus() })
    expect(await run(good)).toMatchObject(denied())
  })
})

test('audit lets it through and counts what enforcing then stops, exactly', async () => {
  const bad = program('audit/bad')
  const spec = { processes: [{ exe: [need('true')] }] }
  const { name, run } = await box({ ...spec, mode: 'audit' })
  for (let i = 0; i < 7; i++) expect(await run(bad)).toMatchObject(ran)
  expect(await run(need('true'))).toMatchObject(ran)
  expect(counts(name)).toEqual([[bad, 'would-deny', 7]])
  await s.setPolicies(documents(s.policy(name, name, { ...spec, mode: 'enforce' })))
  for (let i = 0; i < 5; i++) expect(await run(bad)).toMatchObject(denied())
  expect(await run(need('true'))).toMatchObject(ran)
  expect(counts(name).sort()).toEqual([
    [bad, 'denied', 5],
    [bad, 'would-deny', 7],
  ])
})

test('a denied program runs no instruction', async () => {
  const touch = program('never/touch', 'touch')
  const { name, run } = await allow(sh)
  const loop = 'i=0; while [ $i -lt $2 ]; do "$0" "$1/touched-$i"; i=$((i+1)); done; exit 0'
  const grown = await s.counted(() => run(sh, '-c', loop, touch, s.files, String(many)))
  expect(fs.readdirSync(s.files).filter((file) => file.startsWith('touched-'))).toEqual([])
  expect(counts(name)).toEqual([[touch, 'denied', many]])
  expect(grown).toMatchObject({ denied: many, signal_failed: 0 })
})

test('the first process of a pid namespace is no exception', async () => {
  const touch = program('init/touch', 'touch')
  const { name, run } = await allow(need('unshare'))
  const marker = join(s.files, 'init/touched')
  expect((await run(need('unshare'), '--pid', '--fork', touch, marker)).code).not.toBe(0)
  expect(fs.existsSync(marker)).toBe(false)
  expect(counts(name)).toEqual([[touch, 'denied', 1]])
})

describe('a script and its interpreter must both be allowed', () => {
  test('each alone is not enough', async () => {
    const interpreter = program('script/interpreter', 'sh')
    const file = script('script/file', interpreter)
    expect(await (await allow(interpreter)).run(file)).toMatchObject(denied())
    expect(await (await allow(file)).run(file)).toMatchObject(denied())
    expect(await (await allow(file, interpreter)).run(file)).toMatchObject(ran)
    expect(await (await allow(join(s.files, 'script/**'))).run(file)).toMatchObject(ran)
  })

  test('a denied script runs no line', async () => {
    const file = script('script/writes', sh, `echo ran > ${s.files}/script-ran`)
    const { name, run } = await allow(sh)
    for (let i = 0; i < 20; i++) expect(await run(file)).toMatchObject(denied())
    expect(fs.existsSync(join(s.files, 'script-ran'))).toBe(false)
    expect(counts(name)).toEqual([[file, 'denied', 20]])
  })

  /** Before Linux 6.10 only the text tells which script it was, where exec is decided when its file is gone. */
  const spelled = () => mechanism === 'signal' && !kernelAtLeast('6.10')

  test('by a relative path', async () => {
    const file = script('script/relative', sh)
    const { run } = await allow(sh, file)
    expect(await run(sh, '-c', 'cd script && exec ./relative')).toMatchObject(
      spelled() ? denied() : ran,
    )
    const other = script('script/unlisted', sh)
    expect(await run(sh, '-c', 'cd script && exec ./unlisted')).toMatchObject(denied())
    expect(await run(`${s.files}/script/../script/relative`)).toMatchObject(
      spelled() ? denied() : ran,
    )
    expect(await run(other)).toMatchObject(denied())
  })

  test('by the number of an open file', async () => {
    const file = script('script/opened', sh)
    const every = await allow('/**')
    const code = 'exec 3<"$0"; exec /proc/self/fd/3'
    expect(await every.run(sh, '-c', code, file)).toMatchObject(spelled() ? denied() : ran)
    expect(await every.run(sh, '-c', 'exec 3<"$0"; exec /dev/fd/3', file)).toMatchObject(
      spelled() ? denied() : ran,
    )
    const { run } = await allow(sh)
    expect(await run(sh, '-c', code, file)).toMatchObject(denied())
  })
})

describe('another name for it', () => {
  test('symbolic links count as what they lead to', async () => {
    const [good, bad] = [program('links/good'), program('links/bad')]
    fs.symlinkSync(good, join(s.files, 'links/to-good'))
    fs.symlinkSync(bad, join(s.files, 'links/to-bad'))
    const { run } = await allow(good, join(s.files, 'links/to-bad'))
    expect(await run(join(s.files, 'links/to-good'))).toMatchObject(ran)
    expect(await run(join(s.files, 'links/to-bad'))).toMatchObject(denied())
  })

  test('hard links, copies and renamed files are other paths', async () => {
    const good = program('names/good')
    const { run } = await allow(good)
    fs.linkSync(good, join(s.files, 'names/hard'))
    expect(await run(join(s.files, 'names/hard'))).toMatchObject(denied())
    expect(await run(program('names/copy'))).toMatchObject(denied())
    expect(await run(good)).toMatchObject(ran)
    fs.renameSync(good, join(s.files, 'names/renamed'))
    expect(await run(join(s.files, 'names/renamed'))).toMatchObject(denied())
    fs.renameSync(join(s.files, 'names/renamed'), good)
    expect(await run(good)).toMatchObject(ran)
  })

  test('an open file is the file', async () => {
    const [good, bad] = [program('fd/good'), program('fd/bad')]
    const { run } = await allow(sh, good)
    const code = 'exec 3<"$0"; exec /proc/self/fd/3'
    expect(await run(sh, '-c', code, good)).toMatchObject(ran)
    expect(await run(sh, '-c', code, bad)).toMatchObject(denied())
  })

  test('another argv[0] is nothing', async () => {
    const [good, bad] = [program('argv/good'), program('argv/bad')]
    const bash = need('bash')
    const { run } = await allow(bash, good)
    expect(await run(bash, '-c', 'exec -a "$1" "$0"', bad, good)).toMatchObject(denied())
    expect(await run(bash, '-c', 'exec -a "$1" "$0"', good, bad)).toMatchObject(ran)
  })

  test('what a process in a root of its own sees is no path', async () => {
    const root = join(s.files, 'root')
    for (const library of librariesOf('true')) {
      fs.mkdirSync(join(root, library, '..'), { recursive: true })
      fs.copyFileSync(library, join(root, library))
      fs.chmodSync(join(root, library), 0o755)
    }
    program('root/inside/good')
    const { run } = await allow(need('chroot'), '/inside/good', join(s.files, 'root/**'), '/**')
    expect(await run(need('chroot'), root, '/inside/good')).toMatchObject(denied())
    expect(await run(need('chroot'), '/', need('true'))).toMatchObject(ran)
  })

  test('what is mounted in a mount namespace of its own is at no path', async () => {
    const [good, bad] = [program('mounts/good'), program('mounts/bad')]
    const [unshare, mount] = [need('unshare'), need('mount')]
    const { run } = await allow(unshare, mount, sh, '/**')
    const over = (code: string) =>
      run(unshare, '--mount', '--propagation', 'private', sh, '-c', code, good, bad, need('true'))
    expect(await over('mount --bind "$1" "$0" && exec "$0"')).toMatchObject(denied())
    expect(await over('exec "$2"')).toMatchObject(ran)
  })
})

describe('what has no path matches nothing, not even /**', () => {
  test('a deleted file', async () => {
    const gone = program('gone/file')
    const { name, run } = await allow('/**')
    const code = 'exec 3<"$0"; rm "$0"; exec /proc/self/fd/3'
    expect(await run(sh, '-c', code, gone)).toMatchObject(denied())
    expect(counts(name)).toEqual([[`${gone} (deleted)`, 'denied', 1]])
  })

  test('a memory file, its script, and both by execveat', async () => {
    const { name, run } = await allow('/**')
    const file = need('true')
    const grown = await s.counted(async () => {
      expect(await run(need('perl'), '-e', memfd('path'), file)).toMatchObject(denied())
      expect(await run(need('perl'), '-e', memfd('execveat'), file)).toMatchObject(denied())
      expect(await run(need('perl'), '-e', memfd('path'), script('memory', sh))).toMatchObject(
        denied(),
      )
      expect(await run(need('perl'), '-e', memfd('execveat'), script('memory', sh))).toMatchObject(
        denied(),
      )
    })
    expect(grown.path_unresolved).toBe(4)
    expect(counts(name).reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(4)
  })

  test('a file that is all of a mount which is nowhere, and it is told by its own name', async () => {
    const { name, run } = await allow('/**')
    const bare = program('nowhere/bare')
    const openTree = 'my $fd = syscall(428, -100, $ARGV[0], 1); $fd < 0 and die "$!"; '
    const code = `${openTree} exec "/proc/self/fd/$fd"; exit 126`
    expect(await run(need('perl'), '-e', code, bare)).toMatchObject(denied())
    expect(counts(name)).toEqual([['/bare (unresolved)', 'denied', 1]])
  })

  test('execveat of a file with a path is that path', async () => {
    const [good, bad] = [program('execveat/good'), program('execveat/bad')]
    const perl = need('perl')
    const { run } = await allow(perl, good)
    expect(await run(perl, '-e', execveat, good)).toMatchObject(ran)
    expect(await run(perl, '-e', execveat, bad)).toMatchObject(denied())
  })

  test('a path of 4,095 bytes is a path', async () => {
    const room = 4095 - s.files.length
    const names = Array<string>(Math.floor(room / 250)).fill('l'.repeat(249))
    const long = [s.files, ...names, 'x'.repeat((room % 250) - 1)].join('/')
    expect(long).toHaveLength(4095)
    const { run } = await allow(join(s.files, 'l'.repeat(249), '**'))
    expect(await run(program(long))).toMatchObject(ran)
    expect(await (await allow('/usr/**')).run(long)).toMatchObject(denied())
  })

  test('a path of more levels than we resolve', async () => {
    const base = s.files.split('/').length - 1
    const deep = (levels: number) =>
      program(join(s.files, ...Array<string>(levels - base - 1).fill('d'), 'x'))
    const { run } = await allow('/**')
    expect(await run(deep(128))).toMatchObject(ran)
    for (const levels of [129, 200]) {
      const grown = await s.counted(async () =>
        expect(await run(deep(levels))).toMatchObject(denied()),
      )
      expect(grown).toMatchObject({ denied: 1, path_unresolved: 1 })
    }
    expect(await (await allow(deep(128))).run(deep(128))).toMatchObject(ran)
  })
})

describe('every name that a file can have', () => {
  const names = {
    'up to and over a word of eight bytes': Array.from({ length: 18 }, (_, i) => 'w'.repeat(i + 1)),
    'of 255 bytes': [
      'n'.repeat(255),
      'é'.repeat(127) + 'x',
      `${'p'.repeat(254)}/${'q'.repeat(255)}`,
    ],
    'with blanks': ['a b', 'c d', ' ', '  ', 'a\u00a0b', ' x '],
    'with signs': ['back\\slash', '"quotes"\'', '$HOME', '-rf', '...', '(deleted)', 'x (deleted)'],
    'in other scripts': ['héllo wörld', '日本語', 'Ω≈ç√', '🚀', 'e\u0301', '\u202etxt'],
    'longer than what reports keep': [Array<string>(60).fill('folder').join('/')],
  }
  test.for(Object.entries(names))('%s', async ([about, list]) => {
    const paths = list.map((name) => program(join('odd', about, name)))
    const { run } = await allow(...paths.filter((_, i) => i % 2 === 0))
    for (const [i, path] of paths.entries())
      expect(await run(path), JSON.stringify(path)).toMatchObject(i % 2 === 0 ? ran : denied())
    // The kernel's hash is ours, directory by directory.
    const known = new Map([...s.tables().images.entries()].map(([, { exe }]) => [exe.hash, exe]))
    for (const path of paths.filter((_, i) => i % 2 === 0)) {
      const { hash, dirs } = hashPath(hashKeyOf(s.tables()), path)
      const image = known.get(hash)
      expect(image, JSON.stringify(path)).toBeDefined()
      expect(image?.dirs.slice(0, image.dirCount)).toEqual(dirs)
    }
    // An unlisted name is reported as it is.
    for (const path of paths.filter((name, i) => i % 2 === 1 && Buffer.byteLength(name) < 256))
      expect(s.records().filter(({ executable }) => executable === path)).toHaveLength(1)
  })

  test('with control characters: listed by directory only', async () => {
    const paths = ['line\nbreak', 'tab\there', '\u0001', '\u001b[2J', '\u007f'].map((name) =>
      program(join('odd/control', name)),
    )
    const below = await allow(join(s.files, 'odd/control/**'))
    for (const path of paths) expect(await below.run(path)).toMatchObject(ran)
    const none = await allow(need('true'))
    for (const path of paths) expect(await none.run(path)).toMatchObject(denied())
    expect(
      counts(none.name)
        .map(([path]) => path)
        .sort(),
    ).toEqual(paths.sort())
  })

  test('of bytes that are no text: listed by no policy but /**', async () => {
    const folder = join(s.files, 'bytes')
    fs.mkdirSync(folder)
    const make = 'cp "$1" "$0/$(printf "\\377\\376x")"; chmod 755 "$0"/*'
    const { run } = await allow('/**')
    expect(await run(sh, '-c', make, folder, need('true'))).toMatchObject(ran)
    expect(await run(sh, '-c', 'exec "$0"/*', folder)).toMatchObject(ran)
    expect(await (await allow(sh)).run(sh, '-c', 'exec "$0"/*', folder)).toMatchObject(denied())
  })
})

/** Absolute paths of the loader and libraries, as the loader names them. */
function librariesOf(name: string): string[] {
  const maps = fs.readFileSync('/proc/self/maps', 'utf8')
  const loader = /\S*\/ld-linux\S*/.exec(maps)?.[0] ?? ''
  const libc = /\S*\/libc\.so\.6/.exec(maps)?.[0] ?? ''
  const asked =
    process.arch === 'arm64' ? '/lib/ld-linux-aarch64.so.1' : '/lib64/ld-linux-x86-64.so.2'
  if (!loader || !libc) throw new Error(`found no libraries of ${name}`)
  // The loader looks in /lib/<machine> by itself.
  return [asked, libc.replace(/^\/usr/, '')]
}
