// SPDX-License-Identifier: Apache-2.0
// Makes a certificate authority and server certificates signed by it. The only importer of node-forge.
// Keys and signatures are Node's own: ECDSA on P-256, which costs a handshake a tenth of what RSA does.
// forge, which knows RSA only, writes the certificate around them.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import forge from 'node-forge'
import { clockSkewMs } from './renewal.ts'

export type Lifetime = { from: Date; to: Date }

export type Authority = Lifetime & { certificate: string; key: string }

export type Leaf = Lifetime & {
  certificate: string
  key: string
  names: readonly string[]
  /** Certificate of the authority that signed it. */
  issuer: string
}

export async function makeAuthority(now: Date, lifeMs: number): Promise<Authority> {
  const { publicKey, privateKey } = await freshKey()
  const life = lifetime(now, lifeMs)
  // Each its own name, so that two of one day can be told apart.
  const name = `underpin-ca-${now.toISOString().slice(0, 10)}-${randomBytes(4).toString('hex')}`
  const certificate = certificateOf({
    life,
    subject: name,
    issuer: name,
    publicKey,
    signer: privateKey,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true, pathLenConstraint: 0 },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      { id: '2.5.29.14', value: derOf(octets(keyIdentifier(publicKey))) },
    ],
  })
  return { ...life, certificate, key: pemOf(privateKey) }
}

/** The first name is the common name; addresses among them become IP entries. */
export async function makeLeaf(
  authority: Authority,
  names: readonly string[],
  now: Date,
  lifeMs: number,
): Promise<Leaf> {
  const { publicKey, privateKey } = await freshKey()
  const issuer = new X509Certificate(authority.certificate)
  const wanted = lifetime(now, lifeMs)
  // Never beyond its authority: such a certificate would be refused near the end.
  const life = { from: later(wanted.from, authority.from), to: earlier(wanted.to, authority.to) }
  const certificate = certificateOf({
    life,
    subject: (names[0] ?? 'underpin').slice(0, 64),
    // Ours have a common name and nothing else.
    issuer: issuer.subject.replace(/^CN=/, ''),
    publicKey,
    signer: createPrivateKey(authority.key),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) =>
          isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name },
        ),
      },
      {
        name: 'authorityKeyIdentifier',
        keyIdentifier: keyIdentifier(issuer.publicKey).toString('binary'),
      },
    ],
  })
  const issued = authority.certificate
  return { ...life, certificate, key: pemOf(privateKey), names, issuer: issued }
}

type Draft = {
  life: Lifetime
  subject: string
  issuer: string
  publicKey: KeyObject
  signer: KeyObject
  extensions: object[]
}

const { asn1 } = forge
const sequence = (...parts: forge.asn1.Asn1[]) =>
  asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, parts)
const octets = (bytes: Buffer) =>
  asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OCTETSTRING, false, bytes.toString('binary'))
const derOf = (value: forge.asn1.Asn1): string => asn1.toDer(value).getBytes()

/** ecdsa-with-SHA256 (RFC 5758), which has no parameters. */
function ecdsa(): forge.asn1.Asn1 {
  const id = asn1.oidToDer('1.2.840.10045.4.3.2').getBytes()
  return sequence(asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OID, false, id))
}

/** Places in a TBSCertificate (RFC 5280, 4.1): version, serial number, algorithm, issuer, validity, subject, key. */
const [algorithmAt, keyAt] = [2, 6]

function certificateOf({ life, subject, issuer, publicKey, signer, extensions }: Draft): string {
  const draft = forge.pki.createCertificate()
  const one = new forge.jsbn.BigInteger('1')
  // forge wants a key and an algorithm that it knows; both are replaced below.
  draft.publicKey = forge.pki.setRsaPublicKey(one, one)
  draft.siginfo.algorithmOid = forge.pki.oids.sha256WithRSAEncryption ?? ''
  // Positive, 16 random bytes: the first bit is 0 and the first byte is not.
  draft.serialNumber = `4${randomBytes(16).toString('hex').slice(1)}`
  draft.validity.notBefore = life.from
  draft.validity.notAfter = life.to
  draft.setSubject([{ name: 'commonName', value: subject }])
  draft.setIssuer([{ name: 'commonName', value: issuer }])
  draft.setExtensions(extensions)
  const signed = unsigned(draft)
  const parts = signed.value as forge.asn1.Asn1[]
  const key = publicKey.export({ type: 'spki', format: 'der' }).toString('binary')
  parts[algorithmAt] = ecdsa()
  parts[keyAt] = asn1.fromDer(key)
  const signature = sign('sha256', Buffer.from(derOf(signed), 'binary'), signer)
  // No bit of the last byte is left over.
  const bits = `\0${signature.toString('binary')}`
  const whole = sequence(
    signed,
    ecdsa(),
    asn1.create(asn1.Class.UNIVERSAL, asn1.Type.BITSTRING, false, bits),
  )
  const body = Buffer.from(derOf(whole), 'binary').toString('base64')
  const lines = body.match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** What of a certificate is signed. The types leave this function out. */
function unsigned(draft: forge.pki.Certificate): forge.asn1.Asn1 {
  type More = { getTBSCertificate(one: forge.pki.Certificate): forge.asn1.Asn1 }
  return (forge.pki as unknown as More).getTBSCertificate(draft)
}

/** SHA-1 of the point, as RFC 5280 (4.2.1.2) proposes it: a name, not a protection. */
function keyIdentifier(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const point = [Buffer.from([4]), ...[x, y].map((part) => Buffer.from(part, 'base64url'))]
  return createHash('sha1').update(Buffer.concat(point)).digest()
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Asynchronous, so that reviews are answered meanwhile. */
function freshKey(): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  return promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
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
