// SPDX-License-Identifier: Apache-2.0
// What connections and packets cost. One process holds both ends, so that nothing is waited for and all CPU time is the
// work's own: the figures are for both directions together.
import { need } from '../test/harness/sandbox.ts'
import { say, summary } from './figures.ts'
import { clockCost } from './program-stats.ts'
import { compare, inGuest, report, unit, type Outcome, type Work } from './rounds.ts'

const listen = `use strict; use Socket qw(:all);
my $n = shift; my $chunk = 'x' x (shift // 1); my $buffer;
socket(my $l, PF_INET, SOCK_STREAM, 0) or die $!;
bind($l, sockaddr_in(0, INADDR_LOOPBACK)) or die $!; listen($l, 16) or die $!;
my $to = getsockname($l);
sub pair {
  socket(my $a, PF_INET, SOCK_STREAM, 0) or die $!; connect($a, $to) or die $!; accept(my $b, $l) or die $!;
  return ($a, $b);
}
`
/** The connection ends by a reset, so that no closed ones pile up. */
const connections = `${listen}
for (1..$n) { my ($a, $b) = pair(); setsockopt($a, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)); close $a; close $b }`
const exchanges = `${listen}
my ($a, $b) = pair();
setsockopt($_, IPPROTO_TCP, TCP_NODELAY, 1) for $a, $b;
sub pass { my ($from, $to) = @_; my $got = 0; syswrite($from, $chunk) or die $!;
  while ($got < length $chunk) { $got += sysread($to, $buffer, 65536) or die $! } }
for (1..$n) { pass($a, $b); pass($b, $a) }`
const stream = `${listen}
my ($a, $b) = pair();
for (1..$n) { my $got = 0; syswrite($a, $chunk) or die $!;
  while ($got < length $chunk) { $got += sysread($b, $buffer, 65536) or die $! } }`
const datagrams = `use strict; use Socket qw(:all);
my $n = shift; my ($buffer, @ends);
for (0, 1) { socket($ends[$_], PF_INET, SOCK_DGRAM, 0) or die $!; bind($ends[$_], sockaddr_in(0, INADDR_LOOPBACK)) or die $! }
connect($ends[$_], getsockname($ends[1 - $_])) or die $! for 0, 1;
for (1..$n) { for my $e (0, 1) { send($ends[$e], 'x', 0) or die $!; defined recv($ends[1 - $e], $buffer, 16, 0) or die $! } }`

const perl = () => need('perl')
const loopback = [{ to: [{ cidr: '127.0.0.0/8' }] }]
const allow = () => ({
  processes: [
    { exe: perl(), egress: loopback, ingress: [{ from: [{ cidr: '127.0.0.0/8' }] }] },
    { exe: need('sh') },
  ],
})

interface Figure {
  name: string
  what: string
  script: string
  count: number
  more?: string[]
  /** Programs whose ns go to the summary. */
  programs: string[]
  moves: string[]
}

async function measure({ name, what, script, count, more = [], programs, moves }: Figure) {
  const work: Work = {
    what,
    argv: (n) => [perl(), '-e', script, String(n), ...more],
    count: inGuest ? Math.ceil(count / 20) : count,
    rounds: inGuest ? 3 : 9,
    allow: allow(),
    moves,
  }
  say(`${name}:`)
  const outcome = await compare(work)
  report(work, outcome)
  say(`  (less ${clockCost().toFixed(1)} for the statistics' own clock)`)
  return { ...figures(name, outcome), ...nanoseconds(name, programs, outcome) }
}

const figures = (name: string, { cost, ratio, added }: Outcome): Record<string, number> => ({
  [`${name}_none`]: cost.none.median,
  [`${name}_added`]: added.allowed.median,
  [`${name}_ratio_outside`]: ratio.outside.median,
  [`${name}_ratio_allowed`]: ratio.allowed.median,
  [`${name}_ratio_audit`]: ratio.audit.median,
})

const nanoseconds = (name: string, programs: string[], outcome: Outcome): Record<string, number> =>
  inGuest
    ? {}
    : Object.fromEntries(
        programs.map((p) => [`${name}_${p}_ns`, outcome.programs.get(p)?.nanoseconds ?? NaN]),
      )

export async function connect(): Promise<void> {
  const values = await measure({
    name: 'tcp',
    what: 'socket + connect + accept + close over loopback, both ends',
    script: connections,
    count: 4000,
    programs: ['connect4', 'sock_create', 'packet_egress', 'packet_ingress'],
    moves: ['connect', 'packet_decided'],
  })
  summary(inGuest ? 'connect --guest' : 'connect', { unit: unit.replaceAll(' ', '_'), ...values })
}

export async function packet(): Promise<void> {
  const programs = ['packet_egress', 'packet_ingress']
  // No counter moves for a packet by its socket's verdict; that the socket was decided is what can be counted.
  const values = {
    ...(await measure({
      name: 'exchange',
      what: 'one byte there and back over TCP, both ends (2 packets and their acknowledgements)',
      script: exchanges,
      count: 40_000,
      programs,
      moves: [],
    })),
    ...(await measure({
      name: 'stream',
      what: '32 KiB over TCP, both ends',
      script: stream,
      count: 20_000,
      more: ['32768'],
      programs,
      moves: [],
    })),
    ...(await measure({
      name: 'datagram',
      what: 'one byte there and back over connected UDP, both ends (2 packets)',
      script: datagrams,
      count: 40_000,
      programs,
      moves: [],
    })),
  }
  summary(inGuest ? 'packet --guest' : 'packet', { unit: unit.replaceAll(' ', '_'), ...values })
}
