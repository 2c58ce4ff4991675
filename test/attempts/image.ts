// SPDX-License-Identifier: Apache-2.0
// The programs that try, compiled for this machine, and the container image that they are tried in. Made once for each
// version of their sources; a guest finds what the machine has made.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { compiler } from '../harness/compiler.ts'
import { need } from '../harness/sandbox.ts'

const sources = new URL('programs', import.meta.url).pathname
const cache = new URL('../../.cache/attempts', import.meta.url).pathname

export interface Image {
  /** The image's files. */
  folder: string
  /** Starts containers. */
  enter: string
  /** The forbidden program, as a file of the host's. */
  evil: string
  /** The dynamic loader's path within the image. */
  loader: string
}

export function compile(clang: string, output: string, files: string[], ...flags: string[]): void {
  fs.mkdirSync(dirname(output), { recursive: true })
  const { status, stderr } = spawnSync(
    clang,
    ['-O1', '-Wall', '-Wextra', '-Werror', ...flags, '-o', output, ...files],
    { cwd: sources, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`${basename(output)} does not compile:\n${stderr}`)
}

/** The loader and the C library of this machine, at their paths as programs ask for them. */
function libraries(): { loader: string; files: Map<string, string> } {
  const maps = fs.readFileSync('/proc/self/maps', 'utf8')
  const [from, libc] = [/\S*\/ld-linux\S*/, /\S*\/libc\.so\.6/].map((what) => what.exec(maps)?.[0])
  if (!from || !libc) throw new Error('found no C library in this process')
  const loader =
    process.arch === 'arm64' ? '/lib/ld-linux-aarch64.so.1' : '/lib64/ld-linux-x86-64.so.2'
  return {
    loader,
    files: new Map([
      [loader, from],
      [libc.replace(/^\/usr/, ''), libc],
    ]),
  }
}

function write(folder: string, path: string, text: string, mode = 0o755): void {
  fs.mkdirSync(join(folder, dirname(path)), { recursive: true })
  fs.writeFileSync(join(folder, path), text, { mode })
}

function make(folder: string): void {
  const clang = compiler()
  const image = join(folder, 'image')
  const at = (path: string) => join(image, path)
  const alone = ['enter.c', 'evil.c', 'loads.c', 'dynamic-evil.c', 'trap.c']
  const tries = fs.readdirSync(sources).filter((name) => /\.c$/.test(name) && !alone.includes(name))
  compile(clang, join(folder, 'enter'), ['enter.c'], '-static')
  compile(clang, at('bin/try'), tries, '-static', '-pthread')
  const bare = ['-nostdlib', '-static', '-fno-stack-protector']
  // Of any address, since it takes the loader's place as well.
  compile(
    clang,
    at('bin/evil'),
    ['evil.c'],
    '-nostdlib',
    '-static-pie',
    '-fPIE',
    '-fno-stack-protector',
  )
  compile(clang, at('bin/good'), ['evil.c'], ...bare, '-DTEXT="good\\n"')
  compile(clang, at('bin/trap'), ['trap.c'], ...bare)
  const library = ['-nostdlib', '-shared', '-fPIC', '-fno-stack-protector', '-DLIBRARY']
  compile(clang, at('share/evil.so'), ['evil.c'], ...library)
  compile(clang, at('share/good.so'), ['evil.c'], ...library, '-DTEXT="good\\n"')
  compile(clang, at('bin/loads'), ['loads.c'])
  compile(clang, at('share/dynamic-evil'), ['dynamic-evil.c'])
  fs.copyFileSync(at('bin/try'), at('bin/keeper'))
  fs.copyFileSync(at('bin/evil'), at('bin/evil-setuid'))
  fs.chmodSync(at('bin/evil-setuid'), 0o4755)
  for (const [path, from] of libraries().files) {
    fs.mkdirSync(dirname(at(path)), { recursive: true })
    fs.copyFileSync(fs.realpathSync(from), at(path))
    fs.chmodSync(at(path), 0o755)
  }
  fs.copyFileSync(need('dash'), at('bin/sh'))
  for (const path of ['opt/good/run', 'opt/evil/run', 'opt/evil/bin/good', 'opt/evil/bin/evil']) {
    fs.mkdirSync(dirname(at(path)), { recursive: true })
    fs.copyFileSync(at(path.includes('good/') ? 'bin/good' : 'bin/evil'), at(path))
  }
  const script = '#!/bin/sh\necho good >&5\n'
  write(image, 'opt/script', script)
  write(image, 'opt/scripts/script', script)
  write(image, 'opt/chain', '#!/work/step\n')
  write(image, 'share/secret', 'secret\n', 0o644)
  write(image, 'share/settings', 'settings\n', 0o644)
  for (const empty of ['proc', 'dev', 'tmp', 'mnt', 'volume', 'cgroup', 'pins', 'etc', 'work'])
    fs.mkdirSync(at(empty), { recursive: true })
  fs.chmodSync(at('work'), 0o1777)
}

/** What is in the sources decides under which name the result is kept. */
export function makeImage(): Image {
  const hash = createHash('sha256').update(fs.readFileSync(import.meta.filename))
  for (const name of fs.readdirSync(sources).sort())
    hash.update(name).update(fs.readFileSync(join(sources, name)))
  const folder = join(cache, hash.digest('hex').slice(0, 16))
  if (!fs.existsSync(folder)) {
    const begun = `${folder}.${process.pid}`
    fs.rmSync(begun, { recursive: true, force: true })
    make(begun)
    fs.rmSync(folder, { recursive: true, force: true })
    fs.renameSync(begun, folder)
  }
  return {
    folder: join(folder, 'image'),
    enter: join(folder, 'enter'),
    evil: join(folder, 'image/bin/evil'),
    loader: libraries().loader,
  }
}
