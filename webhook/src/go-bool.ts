// SPDX-License-Identifier: Apache-2.0
// What Go's strconv.ParseBool takes for true and for false; everything else is an error there.

const trues = ['1', 't', 'T', 'true', 'TRUE', 'True']
const falses = ['0', 'f', 'F', 'false', 'FALSE', 'False']

export function parsesTrue(value: string | undefined): boolean {
  return value !== undefined && trues.includes(value)
}

export function parsesFalse(value: string | undefined): boolean {
  return value !== undefined && falses.includes(value)
}

/** null: Go answers with an error. */
export function parseBool(value: string): boolean | null {
  return parsesTrue(value) ? true : parsesFalse(value) ? false : null
}
