// SPDX-License-Identifier: Apache-2.0
// Who is at which address, as rows of maps. What rules say of an identity is written before anything has it, for the
// rulesets in force as well as for new ones; then each address changes in one write.
import { UnderpinError } from '../../../runtime/src/index.ts'
import type { PeerKey, PlaceKey } from '../kernel/abi.gen.ts'
import { PeerLimit } from '../kernel/abi.gen.ts'
import type { Tables } from '../kernel/maps.ts'
import type { Address } from '../../../policies/src/index.ts'
import type { Ruleset } from './compile.ts'
import { rulesAbout, type AddressPeer, type Peers, type PlacePeer } from './peers.ts'
import { words } from './ruleset-rows.ts'

/** Identities about which a ruleset has been asked, by its number. */
export type Told = Map<number, Set<bigint>>

/** Rows of `peers` and `places` in bpf/peers.bpf.h. */
const maxRows = 131_072

export function requireRoomForPeers({ addresses, places }: Peers, before: Peers): void {
  for (const [what, now, old] of [
    ['addresses that policies select by pods or Services', addresses, before.addresses],
    ['ports of Services', places, before.places],
  ] as const) {
    let count = old.size
    for (const key of now.keys()) if (!old.has(key)) count++
    if (count > maxRows)
      throw new UnderpinError('input-too-large', {
        operation: 'apply policies',
        found: `${count} ${what}, old and new ones`,
        expected: `at most ${maxRows}`,
        remedy: 'nothing was changed; select fewer by pods, namespaces and services',
      })
  }
}

/** `rulesets`: by number, those in force and those that come. */
export function writeIdentities(
  tables: Tables,
  told: Told,
  rulesets: ReadonlyMap<number, Ruleset>,
  { identities }: Peers,
): void {
  for (const [ruleset, { asking }] of rulesets) {
    if (asking.length === 0) continue
    const known = told.get(ruleset) ?? new Set()
    told.set(ruleset, known)
    for (const [number, identity] of identities) {
      if (known.has(number)) continue
      known.add(number)
      const bits = rulesAbout(asking, identity)
      if (bits !== 0n) tables.identities.set({ ruleset, identity: number }, words(bits))
    }
  }
}

/** Of rulesets that are gone, and identities that nobody has any more. */
export function forgetIdentities(
  tables: Tables,
  told: Told,
  rulesets: ReadonlyMap<number, Ruleset>,
  { identities }: Peers,
): void {
  for (const [ruleset, known] of told) {
    for (const identity of known) {
      if (rulesets.has(ruleset) && identities.has(identity)) continue
      tables.identities.delete({ ruleset, identity })
      known.delete(identity)
    }
    if (!rulesets.has(ruleset)) told.delete(ruleset)
  }
}

/** `before`: what the rows say; null: nobody knows, an agent before us wrote them. */
export function writePeers(tables: Tables, before: Peers | null, now: Peers): void {
  if (before === null) {
    removeOthers(tables.peers, [...now.addresses.values()].map(peerKey))
    removeOthers(tables.places, [...now.places.values()].map(placeKeyOf))
  }
  const old = before ?? {
    addresses: new Map<string, AddressPeer>(),
    places: new Map<string, PlacePeer>(),
  }
  for (const [key, row] of old.addresses)
    if (!now.addresses.has(key)) tables.peers.delete(peerKey(row))
  for (const [key, row] of old.places)
    if (!now.places.has(key)) tables.places.delete(placeKeyOf(row))
  for (const [key, row] of now.addresses) {
    const was = old.addresses.get(key)
    if (was?.to === row.to && was.from === row.from) continue
    tables.peers.set(peerKey(row), { to: row.to, from: row.from })
  }
  for (const [key, row] of now.places) {
    const was = old.places.get(key)
    if (was && textOf(was) === textOf(row)) continue
    const { identity, behind } = row
    tables.places.set(placeKeyOf(row), {
      identity,
      count: behind?.length ?? PeerLimit.LIMIT_BEHIND + 1,
      behind: behind ?? [],
    })
  }
}

const textOf = ({ identity, behind }: PlacePeer) =>
  `${identity} ${behind?.map((one) => `${one.identity}:${one.port}`).join() ?? '?'}`

const inKernel = ({ family, bytes }: Address) => {
  const address = new Uint8Array(16)
  address.set(family === 4 ? bytes.subarray(12) : bytes)
  return { family, address }
}
const peerKey = ({ address }: AddressPeer): PeerKey => inKernel(address)
const placeKeyOf = ({ place: { address, protocol, port } }: PlacePeer): PlaceKey => ({
  ...inKernel(address),
  protocol,
  port,
})

function removeOthers<K extends PeerKey>(
  table: { keys: () => Iterable<K>; delete: (key: K) => boolean },
  kept: readonly K[],
): void {
  const text = (key: K) =>
    JSON.stringify(
      { ...key, address: Buffer.from(key.address).toString('hex') },
      Object.keys(key).sort(),
    )
  const keep = new Set(kept.map(text))
  for (const key of [...table.keys()]) if (!keep.has(text(key))) table.delete(key)
}
