// SPDX-License-Identifier: Apache-2.0
// How many denied decisions the ledger counts a second, with one target and with ever new ones, and how fast a ring is
// read. That nothing is missing is a precondition: denied = emitted + suppressed + lost.
import * as abi from '../enforcer/src/kernel/abi.gen.ts'
import { decode } from '../enforcer/src/kernel/codec.ts'
import { openRing } from '../enforcer/src/kernel/libbpf.ts'
import { documents, need, Sandbox } from '../test/harness/sandbox.ts'
import { assert, round, say, show, spread, summary } from './figures.ts'

const rounds = 5
const count = 100_000

/** Connects that are denied (or not): to one target, or to each of 65,536 in turn. Prints seconds. */
const script = `use strict; use Socket; use Time::HiRes 'time';
my ($n, $distinct) = @ARGV; my ($made, $failed) = (0, 0);
my @to = map { scalar pack_sockaddr_in(9, scalar inet_aton("127.1." . ($_ >> 8) . "." . ($_ & 255))) } 0 .. ($distinct ? 65535 : 0);
my $begun = time;
for (my $i = 0; $i < $n; $i++) {
  socket(my $s, PF_INET, SOCK_DGRAM, 0) or die $!;
  connect($s, $to[$i % @to]) ? $made++ : $failed++;
}
print time - $begun, " $made $failed\\n"`

async function flood(s: Sandbox, cgroup: string, distinct: boolean, n = count) {
  let rate = NaN
  let denied = 0
  const counted = await s.counted(async () => {
    const { stdout, stderr } = await s.run(cgroup, [
      need('perl'),
      '-e',
      script,
      String(n),
      distinct ? '1' : '0',
    ])
    const [seconds = NaN, , failed = 0] = stdout.split(' ').map(Number)
    assert(seconds > 0, `the flood ends well: ${stderr}`)
    rate = n / seconds
    denied = failed
  })
  return { rate, failed: denied, counted }
}

async function denials(s: Sandbox, distinct: boolean) {
  const rates: number[] = []
  for (let r = 0; r < rounds; r++) {
    const { rate, failed, counted } = await flood(s, 'denied', distinct)
    const { denied = 0, emitted = 0, suppressed = 0, lost = 0 } = counted
    assert(
      failed === count && denied >= count,
      `${count} connects are denied and counted (${failed}, ${denied})`,
    )
    assert(
      denied === emitted + suppressed + lost,
      `denied ${denied} = emitted ${emitted} + suppressed ${suppressed} + lost ${lost}`,
    )
    rates.push(rate)
    say(
      `  ${distinct ? 'new targets' : 'one target '}: ${round(rate)}/s, emitted ${emitted}, suppressed ${suppressed}, lost ${lost}`,
    )
  }
  return spread(rates)
}

/** Fills the ring of observed decisions and reads it, record by record, as the agent does. */
async function drain(s: Sandbox) {
  const tables = s.tables()
  const rates: number[] = []
  let records = 0
  let seen: abi.Event | undefined
  const ring = openRing(tables.observed, 'observed', (record) => {
    seen = decode(abi.event, record)
    records++
  })
  tables.flags.set({ value: abi.Flag.OBSERVE }, { value: 1 })
  try {
    for (let r = 0; r < rounds; r++) {
      await flood(s, 'allowed', true, 20_000)
      records = 0
      const begun = performance.now()
      ring.consume()
      rates.push(records / ((performance.now() - begun) / 1000))
      assert(records > 1000 && seen !== undefined, `the ring was full of records (${records})`)
    }
  } finally {
    tables.flags.set({ value: abi.Flag.OBSERVE }, { value: 0 })
    ring.close()
  }
  return { rate: spread(rates), records }
}

export async function ledger(): Promise<void> {
  const s = new Sandbox()
  try {
    const perl = { exe: need('perl') }
    await s.start(
      documents(
        s.policy('denied', 'denied', { processes: [perl] }),
        s.policy('allowed', 'allowed', { processes: [{ ...perl, egress: [{}] }] }),
      ),
    )
    const allowed: number[] = []
    for (let r = 0; r < rounds; r++) {
      const { rate, failed } = await flood(s, 'allowed', false)
      assert(failed === 0, 'nothing allowed is denied')
      allowed.push(rate)
    }
    const one = await denials(s, false)
    const distinct = await denials(s, true)
    const ring = await drain(s)
    say(
      `socket + connect in one subject, from one process, per second, median (range) of ${rounds} rounds of ${count}`,
    )
    say(`  allowed             ${show(spread(allowed))}`)
    say(`  denied, one target  ${show(one)}`)
    say(`  denied, new targets ${show(distinct)}`)
    say(
      `ring: ${show(ring.rate)} records/s read and decoded on one core (${ring.records} at a time)`,
    )
    summary('ledger', {
      allowed_per_s: spread(allowed).median,
      denied_same_per_s: one.median,
      denied_distinct_per_s: distinct.median,
      ring_records_per_s: ring.rate.median,
    })
  } finally {
    s.close()
  }
}
