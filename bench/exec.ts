// SPDX-License-Identifier: Apache-2.0
// What a process start costs: fork, exec, exit and wait of a tiny program, from a shell in the subject. By way of `env`,
// since a shell that enters a cgroup and starts a shell is taken for a container runtime that starts itself again.
import { need } from '../test/harness/sandbox.ts'
import { say, summary } from './figures.ts'
import { clockCost } from './program-stats.ts'
import { compare, inGuest, report, unit, type Work } from './rounds.ts'

const loop = 'i=0; while [ $i -lt $1 ]; do /bin/true; i=$((i+1)); done'

export async function exec(): Promise<void> {
  const work: Work = {
    what: 'fork + exec + exit + wait of /bin/true',
    argv: (count) => [need('env'), need('sh'), '-c', loop, 'sh', String(count)],
    count: inGuest ? 200 : 1000,
    rounds: inGuest ? 3 : 9,
    allow: { processes: [{ exe: [need('env'), need('sh'), need('true')] }] },
    moves: ['exec'],
  }
  const outcome = await compare(work)
  report(work, outcome)
  const { cost, ratio, programs, mechanism } = outcome
  say(`  (less ${clockCost().toFixed(1)} for the statistics' own clock)`)
  summary(inGuest ? 'exec --guest' : 'exec', {
    mechanism,
    unit: unit.replaceAll(' ', '_'),
    none: cost.none.median,
    allowed: cost.allowed.median,
    ratio_outside: ratio.outside.median,
    ratio_allowed: ratio.allowed.median,
    ratio_audit: ratio.audit.median,
    ...(!inGuest && { exec_done_ns: programs.get('exec_done')?.nanoseconds ?? NaN }),
  })
}
