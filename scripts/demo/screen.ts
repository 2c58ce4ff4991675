// SPDX-License-Identifier: Apache-2.0
// What the demo shows: short aligned lines, colours on a terminal only; and a check that is printed and remembered.

const colour = process.stdout.isTTY && process.env.NO_COLOR === undefined
const paint = (code: number) => (text: string) =>
  colour ? `\u001b[${code}m${text}\u001b[0m` : text
export const bold = paint(1)
export const dim = paint(2)
export const red = paint(31)
export const green = paint(32)

export const say = (text = '') => process.stdout.write(`${text}\n`)
export const step = (number: number, title: string) => {
  say()
  say(bold(`${number}  ${title}`))
}
export const indent = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `   ${line}`.trimEnd())
    .join('\n')

const failed: string[] = []

/** One thing that must be so. */
export function check(holds: boolean, text: string, otherwise = ''): void {
  say(`   ${holds ? green('✓') : red('✗')} ${text}${!holds && otherwise ? `: ${otherwise}` : ''}`)
  if (!holds) failed.push(text)
}

export const failures = (): readonly string[] => failed

/** Waits until `test` holds, at most so long; answers whether it did. */
export async function until(test: () => boolean, milliseconds: number): Promise<boolean> {
  const end = Date.now() + milliseconds
  while (!test()) {
    if (Date.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}
