// SPDX-License-Identifier: Apache-2.0
// Authorities in a folder: one file for each, its key readable by its owner only, and beside the folder the
// bundle that clients trust. Every file is written whole or not at all.

import { readdirSync, readFileSync, rmSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf, UnderpinError } from '../../../runtime/src/index.ts'
import type { Authority } from './authority.ts'
import { locked } from './folder-lock.ts'
import { authorityFrom, authorityName, authorityText, nameOf } from './kept-authority.ts'
import { bundleOf } from './renewal.ts'
import { newestFirst, type AuthorityStore, type Known } from './store.ts'
import { writeWhole } from './write-whole.ts'

export type FolderOptions = {
  folder: string
  /** Where the bundle is written. */
  bundle: string
  /** Keep keys as well, so that a restart goes on with the same authority. */
  keepKeys: boolean
  /** Told of a file that cannot be used; it is left where it is. */
  unusable?: (file: string, why: string) => void
}

/** So many are trusted at once; more are left over from restarts that kept no key. */
const mostTrusted = 16

export function folderStore(options: FolderOptions): AuthorityStore {
  const { folder, keepKeys } = options
  const own = new Map<string, Authority>()

  const read = (now: Date): Known[] => {
    const found = readdirSync(folder).filter((name) => authorityName.test(name))
    const known = found.flatMap((name) => {
      const file = join(folder, name)
      try {
        const one = authorityFrom(readFileSync(file, 'utf8'))
        // Nobody can use it any more.
        if (one.to <= now) rmSync(file, { force: true })
        return [own.get(name) ?? one]
      } catch (cause) {
        options.unusable?.(file, reasonOf(cause))
        return []
      }
    })
    return newestFirst(known, now).slice(0, mostTrusted)
  }

  const publish = (now: Date): { authorities: Known[]; bundle: string } => {
    // Again when something changed meanwhile: a lock can be taken from one who was thought to be dead.
    for (let times = 0; ; times++) {
      const authorities = read(now)
      const bundle = bundleOf(authorities, now)
      if (readBundle(options.bundle) !== bundle) writeWhole(options.bundle, bundle, 0o644)
      if (times >= 5 || bundleOf(read(now), now) === bundle) return { authorities, bundle }
    }
  }

  return {
    renew: (now, make) =>
      orFail(options, async () => {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        return locked(join(folder, 'lock'), async () => {
          const made = await make(read(now))
          if (made !== null) {
            const name = nameOf(made.certificate)
            own.set(name, made)
            const text = authorityText(keepKeys ? made : { ...made, key: null })
            writeWhole(join(folder, name), text, 0o600)
          }
          return publish(now)
        })
      }),
    forget: () =>
      orFail(options, async () => {
        if (keepKeys || own.size === 0) return
        await locked(join(folder, 'lock'), () => {
          for (const name of own.keys()) rmSync(join(folder, name), { force: true })
          own.clear()
          publish(new Date())
          return Promise.resolve()
        })
      }),
  }
}

function readBundle(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

async function orFail<T>({ bundle }: FolderOptions, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    // What is not about files is a defect, and no other folder would help.
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause
    throw new UnderpinError(
      'certificate-failed',
      {
        operation: 'keep certificates',
        object: bundle,
        found: reasonOf(cause),
        expected: 'a folder that this user may write',
        remedy: 'name one with --state DIR',
      },
      { cause },
    )
  }
}
