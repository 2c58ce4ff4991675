// SPDX-License-Identifier: Apache-2.0
// Addresses of the node that the agent is on: from these the kubelet asks its pods, and on these NodePorts are.
import { networkInterfaces } from 'node:os'

/** IPVS keeps every Service's address on this device, where nobody sends from it. */
const notOurs = new Set(['kube-ipvs0'])

/** Sorted, without those that mean something else on every machine. */
export function nodeAddresses(): string[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !notOurs.has(name))
    .flatMap(([, addresses = []]) => addresses)
    .filter(({ internal, address }) => !internal && !/^(169\.254\.|fe[89ab])/i.test(address))
    .map(({ address }) => address)
    .sort()
}
