// SPDX-License-Identifier: Apache-2.0
// What a command is: its words, its options, what it does, and a page of help that is made from the same table.
import { parseArgs } from 'node:util'
import { UnderpinError } from '../../runtime/src/index.ts'
import { nearestOf } from './nearest.ts'
import type { Screen } from './screen.ts'

export interface Option {
  name: string
  /** One letter. */
  short?: string
  /** What follows, for the help: DIR. Absent: the option is a switch. */
  value?: string
  /** The value may be left out: --wait or --wait=10. */
  optional?: true
  /** May be given more than once. */
  many?: true
  help: string
}

/** What is known of a command before its code is loaded. */
export interface Entry {
  /** One word, or two: "policy check". */
  name: string
  summary: string
  load: () => Promise<Command>
}

export interface Command {
  /** Arguments without options: "POLICY…". */
  operands?: string
  options: readonly Option[]
  /** A paragraph or two: what it does and what stays as it was. */
  about: string
  examples: readonly [command: string, what: string][]
  exits: readonly [code: number, when: string][]
  run: (args: Arguments, screen: Screen) => Promise<number>
}

export interface Arguments {
  operands: readonly string[]
  has: (option: string) => boolean
  /** The last value given. */
  value: (option: string) => string | undefined
  values: (option: string) => readonly string[]
}

export const helpOption: Option = { name: 'help', short: 'h', help: 'this page' }

export function usage(
  found: string,
  expected: string,
  remedy: string,
  object?: string,
): UnderpinError {
  return new UnderpinError('usage', {
    operation: 'read the command line',
    ...(object !== undefined && { object }),
    found,
    expected,
    remedy,
  })
}

export function parse(name: string, command: Command, argv: readonly string[]): Arguments {
  const options = [...command.options, helpOption]
  const { tokens, positionals } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      options.map(({ name, short, value, optional }) => [
        name,
        {
          type: value && !optional ? ('string' as const) : ('boolean' as const),
          ...(short && { short }),
        },
      ]),
    ),
  })
  const given = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const option = options.find(({ name }) => name === token.name)
    if (!option) throw unknownOption(name, token.rawName, options)
    given.set(option.name, [...(given.get(option.name) ?? []), ...valueOf(name, option, token)])
  }
  if (positionals.length > 0 && !command.operands && !given.has('help'))
    throw usage(`"${positionals[0]}"`, 'options only', helpHint(name), name)
  return {
    operands: positionals,
    has: (option) => given.has(option),
    value: (option) => given.get(option)?.at(-1),
    values: (option) => given.get(option) ?? [],
  }
}

interface OptionToken {
  rawName: string
  value?: string | undefined
  inlineValue?: boolean | undefined
}

function valueOf(
  command: string,
  option: Option,
  { rawName, value, inlineValue }: OptionToken,
): string[] {
  if (!option.value) {
    if (value === undefined) return []
    throw usage(`${rawName}=${value}`, `${rawName} without a value`, helpHint(command), command)
  }
  if (value === undefined && option.optional) return []
  // "-" alone is standard input; anything else that begins so is the next option.
  if (value === undefined || value === '' || (!inlineValue && /^-./.test(value)))
    throw usage(
      `${rawName} without a value`,
      `${rawName} ${option.value}`,
      helpHint(command),
      command,
    )
  return [value]
}

function unknownOption(command: string, name: string, options: readonly Option[]): UnderpinError {
  const long = options.map((option) => `--${option.name}`)
  const meant = nearestOf(name, long)
  return usage(
    `the unknown option ${name}`,
    `one of ${long.join(', ')}`,
    meant ? `did you mean ${meant}?` : helpHint(command),
    command,
  )
}

const helpHint = (command: string): string => `see underpin ${command} --help`

/** Commas and newlines in `about` are the author's; nothing is wrapped here. */
export function helpPage(
  { name, summary }: Entry,
  command: Command,
  paint: Screen['paint'],
): string {
  const required = command.options.filter((option) => option.help.startsWith('required'))
  const synopsis = [
    'underpin',
    name,
    ...(command.operands ? [command.operands] : []),
    ...required.map(({ name, value }) => `--${name} ${value ?? ''}`),
    '[options]',
  ]
  const options = [...command.options, helpOption].map(({ name, short, value, optional, help }) => {
    const shown = value === undefined ? '' : optional ? `[=${value}]` : ` ${value}`
    return [`${short ? `-${short}, ` : '    '}--${name}${shown}`, help] as const
  })
  const width = Math.max(...options.map(([text]) => text.length))
  const title = (text: string) => paint('bold', text)
  return [
    `${title(`underpin ${name}`)}: ${summary}`,
    '',
    `  ${synopsis.join(' ')}`,
    '',
    ...command.about.split('\n').map((line) => `  ${line}`.trimEnd()),
    '',
    title('Options'),
    ...options.map(([text, help]) => `  ${text.padEnd(width)}  ${help}`),
    '',
    title('Examples'),
    ...command.examples.flatMap(([line, what]) => [`  ${line}`, `      ${what}`]),
    '',
    title('Exit codes'),
    ...command.exits.map(([code, when]) => `  ${code}  ${when}`),
  ].join('\n')
}
