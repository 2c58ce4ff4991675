// SPDX-License-Identifier: Apache-2.0
// Reads every object of a resource once, whatever happens to the list in between; tells what it could not.

import type { Cluster } from '../../../runtime/src/index.ts'
import { text, type Fields } from '../fields.ts'
import { pages, Unlistable, type PageOptions } from './pages.ts'
import { nameOf, pathOf, type Resource } from './resources.ts'

export type ReaderOptions = {
  cluster: Cluster
  /** Only this one. */
  namespace?: string
  /** Told what is read and how much of it, for a person who waits. */
  progress?: (words: string) => void
  pages?: PageOptions
}

type EachOptions = { fieldSelector?: string; everywhere?: boolean }

export class Reader {
  readonly #options: ReaderOptions
  readonly #tell: (what: string, why: string) => void

  constructor(options: ReaderOptions, tell: (what: string, why: string) => void) {
    this.#options = options
    this.#tell = tell
  }

  /** False: not all of them were read, and that was told. */
  async each(
    resource: Resource,
    take: (object: Fields) => void,
    { fieldSelector, everywhere = false }: EachOptions = {},
  ): Promise<boolean> {
    const { cluster, namespace, progress } = this.#options
    const name = nameOf(resource)
    const path = pathOf(resource, everywhere ? undefined : namespace)
    // A list that had to be begun again brings some objects a second time.
    const seen = new Set<string>()
    try {
      const select = fieldSelector === undefined ? {} : { fieldSelector }
      for await (const page of pages(cluster, path, { ...this.#options.pages, ...select })) {
        for (const object of page.items) {
          const id = text(object, 'metadata', 'uid') ?? ''
          if (id !== '' && seen.has(id)) continue
          seen.add(id)
          take({ ...object, kind: resource.kind })
        }
        const of = page.remaining === null ? '' : ` of about ${seen.size + page.remaining}`
        progress?.(`${name}: ${seen.size}${of}`)
      }
      return true
    } catch (error) {
      if (!(error instanceof Unlistable)) throw error
      // Gone since it was looked up: there are none.
      if (error.status === 404) return true
      this.#tell(name, `not read, ${error.message}`)
      return false
    }
  }
}
