// SPDX-License-Identifier: Apache-2.0
// How an authority is written down, in a file or an entry of a Secret: its certificate, then its key, as PEM. Without
// the key it is only trusted, and a line above says since when.

import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import type { Known } from './store.ts'

export const authorityName = /^authority-[0-9a-f]{32}\.pem$/

export function nameOf(certificate: string): string {
  const print = createHash('sha256').update(certificate.trim()).digest('hex').slice(0, 32)
  return `authority-${print}.pem`
}

export function authorityText({ certificate, key, retired }: Known): string {
  const since = retired === undefined ? '' : `Retired: ${retired.toISOString()}\n`
  return `${since}${certificate.trim()}\n${key ?? ''}`
}

/** Throws what is wrong with it. */
export function authorityFrom(text: string): Known {
  const [certificate] = certificatesIn(text)
  if (certificate === undefined) throw new Error('no certificate in it')
  const read = new X509Certificate(certificate)
  if (!read.ca) throw new Error('the certificate is not that of an authority')
  const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----\n?/.exec(
    text,
  )
  if (key === null && text.includes('PRIVATE KEY')) throw new Error('the key is not whole')
  const life = { from: new Date(read.validFrom), to: new Date(read.validTo) }
  const since = /^Retired: (\S+)$/m.exec(text)?.[1]
  const retired = since === undefined ? Number.NaN : Date.parse(since)
  if (key === null)
    return {
      ...{ ...life, certificate, key: null },
      ...(Number.isNaN(retired) ? {} : { retired: new Date(retired) }),
    }
  if (!read.checkPrivateKey(createPrivateKey(key[0]))) {
    throw new Error('the key is not that of the certificate')
  }
  return { ...life, certificate, key: key[0] }
}

/** Each ends with a line break. */
export function certificatesIn(text: string): string[] {
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return found.map((one) => `${one}\n`)
}
