// SPDX-License-Identifier: Apache-2.0
// The options about names of hosts: whose answers are believed, and for how long.
import { isIP } from 'node:net'
import { defaultTimes, type BeliefTimes } from '../../enforcer/src/dns/times.ts'
import { usage, type Arguments, type Option } from './command.ts'

export const resolversOption: Option = {
  name: 'resolvers',
  value: 'ADDRESSES',
  many: true,
  help: 'resolvers that names are learned from, with commas (those of this node, not on loopback)',
}

export const timesOptions: Option[] = [
  {
    name: 'dns-floor',
    value: 'SECONDS',
    help: `what a resolver says of a name counts at least so long, whatever its TTL is (${defaultTimes.floor})`,
  },
  {
    name: 'dns-grace',
    value: 'SECONDS',
    help: `and so long after that (${defaultTimes.grace})`,
  },
]

const maxSeconds = 86_400

/** undefined: nobody told any. */
export function resolversOf(args: Arguments, command: string): string[] | undefined {
  const told = args.values('resolvers').flatMap((list) => list.split(',').map((one) => one.trim()))
  for (const address of told)
    if (!isIP(address))
      throw usage(
        `--resolvers ${address}`,
        'addresses such as 10.96.0.10,fd00::a',
        'write addresses, not names',
        command,
      )
  return told.length > 0 ? told : undefined
}

export function timesOf(args: Arguments, command: string): Partial<BeliefTimes> {
  const times: Partial<BeliefTimes> = {}
  for (const name of ['floor', 'grace'] as const) {
    const given = args.value(`dns-${name}`)
    if (given === undefined) continue
    if (!/^\d{1,5}$/.test(given) || Number(given) > maxSeconds)
      throw usage(
        `--dns-${name} ${given}`,
        `whole seconds from 0 to ${maxSeconds}`,
        `leave it out for ${defaultTimes[name]}`,
        command,
      )
    times[name] = Number(given)
  }
  return times
}
