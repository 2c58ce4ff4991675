// SPDX-License-Identifier: Apache-2.0
// -o table for people, -o json for programs.
import { usage, type Arguments, type Option } from './command.ts'

export const outputOption: Option = {
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  help: 'table for people (default), or json for programs',
}

export function wantsJson(args: Arguments, command: string): boolean {
  const format = args.value('output') ?? 'table'
  if (format === 'json' || format === 'table') return format === 'json'
  throw usage(`-o ${format}`, 'table or json', `underpin ${command} -o json`, command)
}
