// SPDX-License-Identifier: Apache-2.0
// Words → the command they name, and what was thrown → one paragraph and an exit code.
import { failures, UnderpinError } from '../../runtime/src/index.ts'
import { commands } from './commands/index.ts'
import { helpPage, parse, usage, type Entry } from './command.ts'
import { version } from './installation.ts'
import { nearestOf } from './nearest.ts'
import { columns, type Screen } from './screen.ts'

export async function dispatch(argv: readonly string[], screen: Screen): Promise<number> {
  const [first = '--help', second = ''] = argv
  if (first === '--version' || first === '-V') {
    screen.say(`underpin ${version()}`)
    return 0
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    const asked = first === 'help' ? find(argv.slice(1)) : undefined
    screen.say(asked ? await pageOf(asked.entry, screen) : overview(screen))
    return 0
  }
  const found = find(argv)
  if (!found) {
    const ofGroup = commands.filter(({ name }) => name.startsWith(`${first} `))
    if (ofGroup.length > 0 && /^(|-h|--help)$/.test(second)) {
      const pages = await Promise.all(ofGroup.map((entry) => pageOf(entry, screen)))
      screen.say(pages.join('\n\n'))
      return second === '' ? failures.usage.exitCode : 0
    }
    const known = commands.map(({ name }) => name)
    const word = ofGroup.length > 0 ? `${first} ${second}` : first
    const meant = nearestOf(word, known) ?? nearestOf(`${first} ${second}`, known)
    throw usage(
      `the unknown command "${word}"`,
      `one of ${known.join(', ')}`,
      meant ? `did you mean underpin ${meant}?` : 'see underpin --help',
    )
  }
  const { entry, rest } = found
  const command = await entry.load()
  const args = parse(entry.name, command, rest)
  if (args.has('help')) {
    screen.say(helpPage(entry, command, screen.paint))
    return 0
  }
  return command.run(args, screen)
}

function find(argv: readonly string[]): { entry: Entry; rest: readonly string[] } | undefined {
  for (const entry of commands) {
    const words = entry.name.split(' ')
    if (words.every((word, i) => argv[i] === word)) return { entry, rest: argv.slice(words.length) }
  }
  return undefined
}

const pageOf = async (entry: Entry, { paint }: Screen): Promise<string> =>
  helpPage(entry, await entry.load(), paint)

function overview({ paint }: Screen): string {
  return [
    `${paint('bold', 'underpin')}: what slips past sidecar injection, and policy on every process of the node`,
    '',
    '  underpin COMMAND [options]',
    '',
    ...columns(commands.map(({ name, summary }) => [`  ${name}`, summary])),
    '',
    '  underpin COMMAND --help explains one; underpin --version tells the version',
    '  exit codes: 0 clean, 1 findings, 2 usage or input error, 3 incomplete',
  ].join('\n')
}

/** A failure that we know says what to do; anything else is a defect of ours, and says that. */
export function explain(thrown: unknown, debug: boolean): { text: string; exitCode: number } {
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  if (thrown instanceof UnderpinError)
    return { text: debug ? stack : thrown.message, exitCode: thrown.exitCode }
  const what = thrown instanceof Error ? thrown.message : String(thrown)
  return {
    text: debug
      ? stack
      : `a defect in underpin itself: ${what} (please report it; UNDERPIN_DEBUG=1 shows where)`,
    exitCode: failures.internal.exitCode,
  }
}
