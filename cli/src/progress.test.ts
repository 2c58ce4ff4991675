// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { createProgress } from './progress.ts'

const terminal = (isTTY: boolean) => {
  const written: string[] = []
  return { isTTY, columns: 20, written, write: (text: string) => written.push(text) }
}

it('tells a terminal, in one line that is gone in the end', () => {
  const screen = terminal(true)
  const progress = createProgress('scan', screen)
  progress.tell('pods: \u001b[31m500 of about a great many')
  progress.tell('pods: 501')
  progress.end()
  expect(screen.written).toEqual(['\r\u001b[Kscan: pods: \\x1b[31', '\r\u001b[K'])
})
it('tells a pipe nothing', () => {
  const screen = terminal(false)
  const progress = createProgress('scan', screen)
  progress.tell('pods')
  progress.end()
  expect(screen.written).toEqual([])
})
