// SPDX-License-Identifier: Apache-2.0
// Files that are used for a long time and looked at again and again: what was made of them stays until they can be read
// whole again. Texts are not kept: those of a cluster's namespaces would take more memory than what is made of them.
import { createHash } from 'node:crypto'
import { readDocuments, reasonOf, type Document, type Log } from '../../runtime/src/index.ts'

type Texts = NonNullable<NonNullable<Parameters<typeof readDocuments>[1]>['known']>

export interface Kept<T> {
  readonly current: T
  /** Looks at the files now; whether something else is in use since. */
  look(): Promise<boolean>
}

/** Throws what is wrong with the files at the start, and only logs it later. */
export async function keepFiles<T>(
  paths: readonly string[],
  about: { what: string; make: (documents: readonly Document[]) => T; log: Log },
): Promise<Kept<T>> {
  const { what, make, log } = about
  const known: Texts = new Map()
  let files = ''
  let seen = ''
  let complaint = ''

  const readAll = async (): Promise<Document[]> => {
    known.clear()
    const documents = await read(known)
    files = namesOf(documents)
    // From here on an empty text means: as it was.
    for (const one of known.values()) one.text = ''
    return documents
  }
  const read = (texts: Texts): Promise<Document[]> =>
    paths.length === 0
      ? Promise.resolve([])
      : readDocuments(paths, { operation: `load ${what}`, known: texts })

  const first = await readAll()
  let current = make(first)
  seen = hashOf(first)
  return {
    get current() {
      return current
    },
    async look() {
      try {
        const found = await read(known)
        if (namesOf(found) === files && found.every(({ text }) => text === '')) return false
        const documents = await readAll()
        const hash = hashOf(documents)
        if (hash === seen) return false
        seen = hash
        current = make(documents)
        complaint = ''
        log.info({ what, files: documents.length }, 'files changed, in use')
        return true
      } catch (err) {
        // fail closed: a folder that cannot be read is not an empty one, and half a policy is none.
        if (complaint !== reasonOf(err))
          log.error({ what, err }, 'files cannot be used, keeping the previous ones')
        complaint = reasonOf(err)
        return false
      }
    },
  }
}

function namesOf(documents: readonly Document[]): string {
  return documents.map(({ file }) => file).join('\0')
}

function hashOf(documents: readonly Document[]): string {
  const hash = createHash('sha256')
  for (const { file, text } of documents) hash.update(`${file}\0${text.length}\0`).update(text)
  return hash.digest('hex')
}
