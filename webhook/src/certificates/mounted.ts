// SPDX-License-Identifier: Apache-2.0
// A certificate that somebody else keeps, such as cert-manager: tls.crt and tls.key in a mounted folder. Looked at again
// every few seconds; what is not whole, does not fit or has ended leaves the previous one in use.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { reasonOf, UnderpinError } from '../../../runtime/src/index.ts'
import type { Keeper, Serving } from './keeper.ts'

export type MountedOptions = {
  folder: string
  now: () => Date
  serve(leaf: Serving): void
  failed(cause: unknown): void
  everyMs?: number
}

/** A Secret that changes is in the folder within a minute or two; that takes no longer by looking this often. */
const usuallyEveryMs = 5000

/** Throws what is wrong with the files at the start: the kubelet starts us when they are there. */
export function keepMounted(options: MountedOptions): Keeper<Serving> {
  let { texts, leaf } = read(options)
  let complaint = ''
  const look = () => {
    try {
      const found = read(options, texts)
      if (found.texts !== texts) {
        ;({ texts, leaf } = found)
        options.serve(leaf)
      }
      complaint = ''
    } catch (cause) {
      // Once for each thing that is wrong, not every few seconds.
      if (complaint !== reasonOf(cause)) options.failed(cause)
      complaint = reasonOf(cause)
    }
  }
  const timer = setInterval(look, options.everyMs ?? usuallyEveryMs).unref()
  options.serve(leaf)
  return {
    bundle: '',
    get leaf() {
      return leaf
    },
    // Whoever made it tells clients as well.
    untrusted: () => null,
    look: () => Promise.resolve(look()),
    stop: () => Promise.resolve(clearInterval(timer)),
  }
}

type Read = { texts: string; leaf: Serving }

/** The same texts again: nothing was looked at. */
function read({ folder, now }: MountedOptions, before = ''): Read {
  const failed = (found: string, cause?: unknown) =>
    new UnderpinError(
      'certificate-failed',
      {
        operation: 'read certificate',
        object: folder,
        found,
        expected: 'tls.crt and tls.key, of each other and not over',
        remedy: 'see what the issuer says: kubectl describe certificate',
      },
      { cause },
    )
  try {
    // Both through the same link, which is put elsewhere when the Secret changes.
    const at = dirname(realpathSync(join(folder, 'tls.crt')))
    const [certificate, key] = ['tls.crt', 'tls.key'].map((name) =>
      readFileSync(join(at, name), 'utf8'),
    )
    if (certificate === undefined || key === undefined) throw failed('nothing')
    const texts = `${certificate}\0${key}`
    const leaf = new X509Certificate(certificate)
    const life = { from: new Date(leaf.validFrom), to: new Date(leaf.validTo) }
    if (texts === before) return { texts: before, leaf: { ...life, certificate, key } }
    if (!leaf.checkPrivateKey(createPrivateKey(key))) throw failed('the key of another certificate')
    if (life.to <= now()) throw failed(`a certificate that ended on ${life.to.toISOString()}`)
    return { texts, leaf: { ...life, certificate, key } }
  } catch (cause) {
    throw cause instanceof UnderpinError ? cause : failed(reasonOf(cause), cause)
  }
}
