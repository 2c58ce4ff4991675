// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { helpPage, parse, type Command } from './command.ts'
import { commands } from './commands/index.ts'
import { dispatch, explain } from './dispatch.ts'
import { quietScreen } from './screen.ts'
import { UnderpinError } from '../../runtime/src/index.ts'

const sample: Command = {
  operands: 'THING…',
  about: '',
  options: [
    { name: 'file', short: 'f', value: 'FILE', many: true, help: '' },
    { name: 'wait', value: 'SECONDS', optional: true, help: '' },
    { name: 'dry-run', help: '' },
  ],
  examples: [],
  exits: [],
  run: () => Promise.resolve(0),
}

test('values, switches and operands in any order', () => {
  const args = parse('sample', sample, [
    'one',
    '-f',
    'a',
    '--file=b',
    '--wait',
    '--dry-run',
    '-',
    '--',
    '--two',
  ])
  expect(args.operands).toEqual(['one', '-', '--two'])
  expect(args.values('file')).toEqual(['a', 'b'])
  expect(args.value('file')).toBe('b')
  expect([args.has('wait'), args.value('wait'), args.has('dry-run'), args.has('help')]).toEqual([
    true,
    undefined,
    true,
    false,
  ])
  expect(parse('sample', sample, ['--wait=3']).value('wait')).toBe('3')
})

test.each([
  [['--fiel', 'a'], 'the unknown option --fiel', 'did you mean --file?'],
  [['-x'], 'the unknown option -x', 'see underpin sample --help'],
  [['--file'], '--file without a value', 'expected --file FILE'],
  [['--file', '--dry-run'], '--file without a value', 'expected --file FILE'],
  [['--file='], '--file without a value', 'expected --file FILE'],
  [['--dry-run=yes'], '--dry-run=yes', 'expected --dry-run without a value'],
])('%j is refused in words', (argv, found, remedy) => {
  const thrown = (() => {
    try {
      parse('sample', sample, argv)
    } catch (error) {
      return error
    }
  })() as UnderpinError
  expect(thrown.exitCode).toBe(2)
  expect(thrown.message).toContain(`found ${found}`)
  expect(thrown.message).toContain(remedy)
})

test('a command that takes no operands says so', () => {
  const { operands, ...none } = sample
  expect(operands).toBeDefined()
  expect(() => parse('sample', none, ['x'])).toThrow('found "x", expected options only')
})

test('every command explains itself: what, options, two examples, exit codes', async () => {
  for (const entry of commands) {
    const command = await entry.load()
    const screen = quietScreen()
    expect(await dispatch([...entry.name.split(' '), '--help'], screen)).toBe(0)
    const page = screen.said.join('\n')
    expect(page).toBe(helpPage(entry, command, screen.paint))
    for (const { name } of command.options) expect(page).toContain(`--${name}`)
    expect(command.examples.length).toBeGreaterThanOrEqual(2)
    expect(command.exits.map(([code]) => code)).toEqual(
      [...new Set(command.exits.map(([code]) => code))].sort(),
    )
    expect(Math.max(...screen.said.map((line) => line.length))).toBeLessThan(132)
  }
})

test('the overview, the version, and words that nobody knows', async () => {
  const screen = quietScreen()
  expect(await dispatch([], screen)).toBe(0)
  for (const { name } of commands) expect(screen.said.join('\n')).toContain(name)
  expect(await dispatch(['--version'], screen)).toBe(0)
  expect(screen.said.at(-1)).toMatch(/^underpin \d+\.\d+\.\d+$/)
  await expect(dispatch(['reprot'], screen)).rejects.toThrow('did you mean underpin report?')
  await expect(dispatch(['polcy', 'chek'], screen)).rejects.toThrow(
    'did you mean underpin policy check?',
  )
  await expect(dispatch(['policy', 'chekc'], screen)).rejects.toThrow(
    'did you mean underpin policy check?',
  )
  expect(await dispatch(['policy'], screen)).toBe(2)
})

test('a known failure is one paragraph; anything else is our defect, with a stack on request', () => {
  const known = new UnderpinError('kernel-lacks', {
    operation: 'look',
    object: 'x',
    found: 'nothing',
    remedy: 'do this',
  })
  expect(explain(known, false)).toEqual({ text: 'look "x": found nothing (do this)', exitCode: 3 })
  const { text, exitCode } = explain(new TypeError('oops'), false)
  expect([text, exitCode]).toEqual([
    expect.stringMatching(/^a defect in underpin itself: oops \(/),
    3,
  ])
  expect(explain(new TypeError('oops'), true).text).toContain('command.test.ts')
})
