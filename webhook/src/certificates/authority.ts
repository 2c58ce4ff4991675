// SPDX-License-Identifier: Apache-2.0
// Makes a certificate authority and server certificates signed by it. The only importer of node-forge.
// The keys come from Node's own crypto. forge signs X.509 with RSA only, so the keys are RSA; 2048 bits
// for at most a few years, as public authorities do.

import { generateKeyPair, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import forge from 'node-forge'

export type Lifetime = { from: Date; to: Date }

export type Authority = Lifetime & { certificate: string; key: string }

export type Leaf = Lifetime & { certificate: string; key: string; names: readonly string[] }

/** Clocks differ: a certificate is valid from a little before it was made. */
const clockSkewMs = 5 * 60 * 1000

export async function makeAuthority(now: Date, lifeMs: number): Promise<Authority> {
  const key = await rsaKey()
  const life = lifetime(now, lifeMs)
  const certificate = draft(key.public, life)
  const subject = [{ name: 'commonName', value: `underpin-ca-${now.toISOString().slice(0, 10)}` }]
  certificate.setSubject(subject)
  certificate.setIssuer(subject)
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true, pathLenConstraint: 0 },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ])
  certificate.sign(forge.pki.privateKeyFromPem(key.private), forge.md.sha256.create())
  return { ...life, certificate: forge.pki.certificateToPem(certificate), key: key.private }
}

/** The first name is the common name; addresses among them become IP entries. */
export async function makeLeaf(
  authority: Authority,
  names: readonly string[],
  now: Date,
  lifeMs: number,
): Promise<Leaf> {
  const key = await rsaKey()
  const issuer = forge.pki.certificateFromPem(authority.certificate)
  const wanted = lifetime(now, lifeMs)
  // Never beyond its authority: such a certificate would be refused near the end.
  const life = { from: later(wanted.from, authority.from), to: earlier(wanted.to, authority.to) }
  const certificate = draft(key.public, life)
  certificate.setSubject([{ name: 'commonName', value: (names[0] ?? 'underpin').slice(0, 64) }])
  certificate.setIssuer(issuer.subject.attributes)
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true },
    {
      name: 'subjectAltName',
      altNames: names.map((name) =>
        isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name },
      ),
    },
    {
      name: 'authorityKeyIdentifier',
      keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes(),
    },
  ])
  certificate.sign(forge.pki.privateKeyFromPem(authority.key), forge.md.sha256.create())
  return { ...life, certificate: forge.pki.certificateToPem(certificate), key: key.private, names }
}

async function rsaKey(): Promise<{ public: string; private: string }> {
  // Asynchronous, so that reviews are answered meanwhile.
  const pair = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
  return { public: pair.publicKey, private: pair.privateKey }
}

function draft(publicKey: string, { from, to }: Lifetime): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey)
  // Positive, 16 random bytes: the first bit is 0 and the first byte is not.
  certificate.serialNumber = `4${randomBytes(16).toString('hex').slice(1)}`
  certificate.validity.notBefore = from
  certificate.validity.notAfter = to
  return certificate
}

function lifetime(now: Date, lifeMs: number): Lifetime {
  // Certificates have whole seconds.
  const second = (ms: number) => new Date(Math.floor(ms / 1000) * 1000)
  const skew = Math.min(clockSkewMs, lifeMs)
  return { from: second(now.getTime() - skew), to: second(now.getTime() + lifeMs) }
}

function later(a: Date, b: Date): Date {
  return a > b ? a : b
}

function earlier(a: Date, b: Date): Date {
  return a < b ? a : b
}
