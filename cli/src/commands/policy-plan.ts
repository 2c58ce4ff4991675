// SPDX-License-Identifier: Apache-2.0
// underpin policy plan: what the kernel would be told, in words.
import type { Plan, Ruleset } from '../../../enforcer/src/plan/compile.ts'
import { Limit } from '../../../enforcer/src/kernel/abi.gen.ts'
import { nodeResolvers, toldResolvers } from '../../../enforcer/src/dns/resolvers.ts'
import { noResolvers, type Resolvers } from '../../../policies/src/index.ts'
import { usage, type Arguments, type Command } from '../command.ts'
import { clean } from '../clean-text.ts'
import { impliedLines, unmatchedLines } from '../peer-lines.ts'
import { planFiles, type Planned } from '../planning.ts'
import { resolversOf, resolversOption } from '../resolver-options.ts'
import { counted, type Screen } from '../screen.ts'

export const policyPlan: Command = {
  operands: 'PATH…',
  about:
    'Compiles without loading anything into a kernel. Every set of policies that select the same subjects is shown with\n' +
    'the pods and cgroup patterns it is for, its size, and what is denied there without being named.',
  options: [
    {
      name: 'pods',
      value: 'DIR',
      many: true,
      help: 'manifests of pods (and Namespaces, Services, EndpointSlices), to see what policies select',
    },
    resolversOption,
  ],
  examples: [
    ['underpin policy plan policies/', 'services and containers'],
    ['underpin policy plan policies/ --pods manifests/', 'pods as well'],
  ],
  exits: [
    [0, 'compiled'],
    [2, 'the files have problems, or there is no such file'],
  ],
  run,
}

async function run(args: Arguments, screen: Screen): Promise<number> {
  if (args.operands.length === 0)
    throw usage('no files', 'PATH…', 'underpin policy plan policies/', 'policy plan')
  const planned = await planFiles({ policies: [...args.operands], pods: [...args.values('pods')] })
  const told = resolversOf(args, 'policy plan')
  const resolvers = told ? toldResolvers(told) : nodeResolvers()
  for (const line of planLines(planned, resolvers)) screen.say(clean(line))
  return 0
}

export function planLines(
  { plan, policies, pods, cluster }: Planned,
  resolvers: Resolvers = noResolvers,
): string[] {
  const unused = policies.filter(
    ({ key }) => ![...plan.rulesets.values()].some((one) => one.policies.includes(key)),
  )
  return [
    `${counted(policies.length, 'policy', 'policies')}, ${counted(pods.length, 'pod')}, ${counted(plan.bindings.size, 'kind')} of subject`,
    ...[...plan.bindings].flatMap(([key, { scope, ruleset }]) =>
      bindingLines(key, scope, plan, plan.rulesets.get(ruleset), pods).concat(
        peerLines(key, plan, plan.rulesets.get(ruleset), { pods, cluster }),
        resolverLines(
          plan.rulesets.get(ruleset),
          resolvers[scope === 'host' ? 'host' : 'containers'],
        ),
      ),
    ),
    ...unmatchedLines([...plan.rulesets.values()], cluster),
    ...unused.map(({ key }) => `not bound: ${key} selects none of these pods`),
  ]
}

function peerLines(
  key: string,
  plan: Plan,
  ruleset: Ruleset | undefined,
  { pods, cluster }: Pick<Planned, 'pods' | 'cluster'>,
): string[] {
  const bound = pods.filter(({ uid }) => plan.pods.get(uid) === key)
  return ruleset ? impliedLines(plan, ruleset, cluster, bound) : []
}

/** What processes with rules about names may ask without saying so. */
function resolverLines(ruleset: Ruleset | undefined, resolvers: readonly string[]): string[] {
  if (!ruleset || ruleset.names.length === 0) return []
  const names = counted(ruleset.names.length, 'name or pattern', 'names and patterns')
  return [
    resolvers.length > 0
      ? `  implied  whoever may talk to one of ${names} may ask ${resolvers.join(', ')} at port 53/UDP and 53/TCP`
      : `  implied  nothing is learned of ${names}: no resolver is known; name them by --resolvers, or in a rule about port 53`,
  ]
}

function bindingLines(
  key: string,
  scope: string,
  plan: Plan,
  ruleset: Ruleset | undefined,
  pods: Planned['pods'],
): string[] {
  if (!ruleset) return []
  const bound = pods
    .filter(({ uid }) => plan.pods.get(uid) === key)
    .map((pod) => `${pod.namespace.name}/${pod.name}`)
  const modes = new Map(plan.policies.map((one) => [one.key, one.mode]))
  const rules = bitCount(Object.values(ruleset.masks).reduce((all, one) => all | one, 0n))
  const { enforced, audited } = ruleset.restricts.process
  return [
    '',
    `${scope}: ${ruleset.policies.map((one) => `${one} (${modes.get(one) ?? 'audit'})`).join(' + ')}`,
    ...(scope === 'pod' ? [`  pods     ${bound.join(', ') || 'none'}`] : []),
    `  ruleset  ${ruleset.digest.slice(0, 12)}: ${rules} of ${Limit.RULE_WORDS * 64} rules; ${counted(ruleset.paths.length, 'path')}, ` +
      `${counted(ruleset.addresses.length, 'address row')}, ${counted(ruleset.ports.length, 'port row')}, ` +
      `${counted(ruleset.files.length, 'file pattern')}, ${counted(ruleset.privileges.length, 'privilege')}`,
    `  implied  ${
      enforced !== null
        ? `what no rule allows is denied (${enforced} lists processes)`
        : audited !== null
          ? `what no rule allows would be denied (${audited} lists processes, in audit)`
          : 'what no rule denies is allowed (guard rails only)'
    }`,
  ]
}

function bitCount(bits: bigint): number {
  return [...bits.toString(2)].filter((bit) => bit === '1').length
}
