// SPDX-License-Identifier: Apache-2.0
// The order with a given number: always the same one, so that shop and shopper agree without a database.
import { hash } from 'node:crypto'

const goods = ['anchor', 'beam', 'clamp', 'dowel', 'easel', 'flange', 'gusset', 'hinge']

export type Order = {
  order: number
  items: { name: string; pieces: number; cents: number }[]
  total: number
  receipt: string
}

export function order(number: number): Order {
  const dice = hash('sha256', `order ${number}`, 'buffer')
  const items = [...dice.subarray(0, 1 + (number % 4))].map((value, at) => ({
    name: goods[value % goods.length] ?? '',
    pieces: 1 + (value >> 5),
    cents: 100 + dice.readUInt16LE(8 + 2 * at),
  }))
  const total = items.reduce((sum, { pieces, cents }) => sum + pieces * cents, 0)
  return {
    order: number,
    items,
    total,
    receipt: hash('sha256', JSON.stringify([number, items, total])),
  }
}
