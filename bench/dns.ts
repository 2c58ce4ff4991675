// SPDX-License-Identifier: Apache-2.0
// What it costs that names are learned in the kernel: all that our programs do for a question to a resolver and its answer, on
// both ends; the answers of a resolver that is believed and of one that is not.
import { copyProgram, policyWriter } from '../test/harness/actor.ts'
import { NameWorld, otherResolver, port, resolver } from '../test/harness/name-world.ts'
import { documents, Sandbox } from '../test/harness/sandbox.ts'
import { assert, say, show, spread, summary } from './figures.ts'
import { withProgramStats } from './program-stats.ts'

const lookUps = 3000
const rounds = 9
const variants = {
  // A wide rule lets another resolver be asked, and does not make it one that is believed.
  'not believed': [{ to: [{ cidr: '10.0.0.0/8' }] }],
  'names, each new': [{ to: [{ dns: '*.many.test' }], ports: [port] }],
  'names, the same again': [{ to: [{ dns: '*.many.test' }], ports: [port] }],
}
type Variant = keyof typeof variants

/** Nanoseconds of our programs for each question with its answer. */
async function take(s: Sandbox, world: NameWorld, variant: Variant, from: number): Promise<number> {
  const name = variant === 'names, the same again' ? `'n1'` : `'n' + n`
  const learned = s.counters()['dns_learned'] ?? 0
  const stats = await withProgramStats(s.pins, () =>
    world.client.do(
      `for (let n = ${from}; n < ${from + lookUps}; n++) await kept.library.resolve4(${name} + '.many.test')`,
    ),
  )
  const more = (s.counters()['dns_learned'] ?? 0) - learned
  assert(
    variant === 'not believed' ? more === 0 : more >= lookUps,
    `${variant}: what is believed is learned, and nothing else (found ${more})`,
  )
  const packets = ['packet_egress', 'packet_ingress', 'sendmsg4', 'connect4']
  return packets.reduce((sum, program) => {
    const { runs, nanoseconds } = stats.get(program) ?? { runs: 0, nanoseconds: 0 }
    return sum + (runs > 0 ? runs * nanoseconds : 0) / lookUps
  }, 0)
}

export async function dns(): Promise<void> {
  const s = new Sandbox()
  const exe = copyProgram(s, 'client')
  const policy = (variant: Variant) =>
    s.policy('names', 'subject/**', {
      processes: [{ exe, egress: variants[variant] }, { exe: '/usr/bin/**' }],
    })
  try {
    await s.start(documents(policy('names, each new')), { resolvers: [resolver], child: true })
    const use = policyWriter(s)
    const world = await NameWorld.start(s, exe)
    try {
      const names = Object.keys(variants) as Variant[]
      const taken = new Map<Variant, number[]>(names.map((variant) => [variant, []]))
      for (let round = 0; round < rounds; round++)
        for (const variant of round % 2 ? names.toReversed() : names) {
          await use(policy(variant))
          const server = variant === 'not believed' ? otherResolver : resolver
          await world.client.do(`kept.library = kept.resolver('${server}')`)
          taken.get(variant)?.push(await take(s, world, variant, 1 + round * lookUps))
        }
      const values = (variant: Variant) => taken.get(variant) ?? []
      say('ns of our programs for a question and its answer, both ends:')
      for (const variant of names) say(`  ${variant}: ${show(spread(values(variant)))}`)
      const added = (variant: Variant) =>
        spread(values(variant).map((value, i) => value - (values('not believed')[i] ?? NaN)))
      summary('dns', {
        not_believed_ns: spread(values('not believed')).median,
        learning_new_ns: added('names, each new').median,
        learning_again_ns: added('names, the same again').median,
      })
    } finally {
      world.close()
    }
  } finally {
    s.close()
  }
}
