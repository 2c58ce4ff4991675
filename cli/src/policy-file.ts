// SPDX-License-Identifier: Apache-2.0
// Switches policies in their files. Each file is replaced as a whole, so nobody ever reads half of one.
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { setMode, type RuntimeLike } from '../../policies/src/index.ts'
import { UnderpinError, type Document } from '../../runtime/src/index.ts'

/** The files with these policies in enforce; nothing is written yet. */
export function enforcedTexts(
  texts: readonly Document[],
  policies: readonly RuntimeLike[],
): Document[] {
  return texts.flatMap(({ file, text }) => {
    const here = policies.filter((one) => one.file === file)
    if (here.length === 0) return []
    return [{ file, text: here.reduce((edited, one) => enforced(edited, one), text) }]
  })
}

function enforced(text: string, { key, file, line }: RuntimeLike): string {
  const edited = setMode(text, key, 'enforce')
  if (edited !== null) return edited
  throw new UnderpinError('input-invalid', {
    operation: 'promote',
    object: key,
    found: `a policy that cannot be edited without changing more (${file}:${line})`,
    remedy: 'write spec.mode: enforce into it by hand',
  })
}

/** `before`: what the edit was made from. A file that changed meanwhile is not overwritten. */
export function replaceFile({ file, text }: Document, before: string): void {
  // A link stays a link: what it points to is replaced.
  const target = realpathSync(file)
  if (readFileSync(target, 'utf8') !== before)
    throw new UnderpinError('incomplete', {
      operation: 'promote',
      object: file,
      found: 'a file that changed meanwhile',
      remedy: 'nothing of it was overwritten; run the command again',
    })
  const { mode, uid, gid } = statSync(target)
  // The agent leaves out names that begin with a dot.
  const fresh = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString('hex')}`)
  try {
    const fd = openSync(fresh, 'wx', mode)
    try {
      writeFileSync(fd, text)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    chmodSync(fresh, mode & 0o7777)
    chownSync(fresh, uid, gid)
    renameSync(fresh, target)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw error
  }
}
