// SPDX-License-Identifier: Apache-2.0
// Network namespaces of a test's own, joined by veth pairs as a node joins its pods: each pod's default route leads to the
// node, which forwards, and translates addresses as the test tells it to.
import { spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Sandbox } from './sandbox.ts'

/** As nodes name their pods' networks. */
export const podNetwork = '10.244.0'
export const podNetwork6 = 'fd10:244::'

function program(name: string, from: string): string {
  for (const folder of ['/usr/sbin', '/sbin', '/usr/bin', '/bin'])
    if (existsSync(join(folder, name))) return join(folder, name)
  throw new Error(`this test needs the program "${name}" (apt-get install ${from})`)
}

export class Network {
  private readonly id = `underpin-${process.pid}-${randomBytes(2).toString('hex')}`
  private readonly names = new Set<string>()
  private readonly nodeAddress: string
  private pods = 0
  private readonly onExit = () => this.close()

  /** The node, with an address of its own on a device that nobody else is on. */
  constructor(nodeAddress = '172.18.0.2') {
    this.nodeAddress = nodeAddress
    process.once('exit', this.onExit)
    this.add('node')
    for (const key of ['ip_forward', 'conf.all.rp_filter=0', 'conf.default.rp_filter=0'])
      this.run('node', 'sysctl', '-qw', `net.ipv4.${key.includes('=') ? key : `${key}=1`}`)
    this.run('node', 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1')
    this.ip('node', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'nowhere')
    this.ip('node', 'address', 'add', `${nodeAddress}/24`, 'dev', 'eth0')
    for (const device of ['eth0', 'nowhere']) this.ip('node', 'link', 'set', device, 'up')
    this.ip('node', 'route', 'add', 'default', 'dev', 'eth0')
  }

  /** A pod's network namespace; its addresses. */
  pod(name: string): { four: string; six: string } {
    const number = ++this.pods + 1
    const [four, six] = [`${podNetwork}.${number}`, `${podNetwork6}${number}`]
    const device = `pod${number}`
    this.add(name)
    this.ip(
      'node',
      'link',
      'add',
      device,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      this.of(name),
    )
    for (const [where, at] of [
      ['node', device],
      [name, 'eth0'],
    ] as const)
      this.run(where, 'sysctl', '-qw', `net.ipv6.conf.${at}.accept_dad=0`)
    this.ip(name, 'address', 'add', `${four}/32`, 'dev', 'eth0')
    this.ip(name, 'address', 'add', `${six}/128`, 'dev', 'eth0', 'nodad')
    this.ip(name, 'link', 'set', 'eth0', 'up')
    this.ip('node', 'address', 'add', `${podNetwork}.1/32`, 'dev', device)
    this.ip('node', 'address', 'add', `${podNetwork6}1/128`, 'dev', device, 'nodad')
    this.ip('node', 'link', 'set', device, 'up')
    this.ip('node', 'route', 'add', `${four}/32`, 'dev', device, 'src', this.nodeAddress)
    this.ip('node', '-6', 'route', 'add', `${six}/128`, 'dev', device)
    this.ip(name, 'route', 'add', `${podNetwork}.1/32`, 'dev', 'eth0')
    this.ip(name, 'route', 'add', 'default', 'via', `${podNetwork}.1`)
    this.ip(name, '-6', 'route', 'add', `${podNetwork6}1/128`, 'dev', 'eth0')
    this.ip(name, '-6', 'route', 'add', 'default', 'via', `${podNetwork6}1`)
    return { four, six }
  }

  /** A command that enters a namespace's network and nothing else of it. */
  enter(name: string): string[] {
    return [realpathSync(program('nsenter', 'util-linux')), `--net=/run/netns/${this.of(name)}`]
  }

  ip(name: string, ...words: string[]): void {
    this.run(name, 'ip', ...words)
  }

  iptables(name: string, ...words: string[]): void {
    this.run(name, 'iptables', '-w', ...words)
  }

  /** Runs a program of the machine in a namespace. */
  run(name: string, command: string, ...words: string[]): string {
    const from = { ip: 'iproute2', nft: 'nftables', sysctl: 'procps' }[command] ?? command
    return this.must([...this.enter(name), program(command, from), ...words])
  }

  nft(name: string, rules: string): void {
    this.must([...this.enter(name), program('nft', 'nftables'), '-f', '-'], rules)
  }

  close(): void {
    process.off('exit', this.onExit)
    for (const name of this.names)
      spawnSync(program('ip', 'iproute2'), ['netns', 'del', this.of(name)])
    this.names.clear()
  }

  private of(name: string): string {
    return `${this.id}-${name}`
  }

  private add(name: string): void {
    this.must([program('ip', 'iproute2'), 'netns', 'add', this.of(name)])
    this.names.add(name)
    this.ip(name, 'link', 'set', 'lo', 'up')
  }

  private must(argv: string[], input = ''): string {
    const [command = '', ...words] = argv
    const { status, stderr, stdout } = spawnSync(command, words, { input, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr || `status ${status}`}`)
    return stdout
  }
}

/** Answers lines of KIND HOST PORT, each by a socket of its own that sends "hello" once, with what that heard or why not. */
const answering = `
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6); use Errno; $| = 1;
sub failed { my ($name) = grep { $!{$_} } qw(EPERM ECONNREFUSED EHOSTUNREACH ENETUNREACH ETIMEDOUT); die(($name || "errno " . ($! + 0)) . "\n") }
$SIG{ALRM} = sub { die "TIMEOUT\n" };
sub ask {
  my ($kind, $host, $port) = @_; my $six = $host =~ /:/; my $heard = "";
  my $to = $six ? pack_sockaddr_in6($port, inet_pton(AF_INET6, $host)) : pack_sockaddr_in($port, inet_pton(AF_INET, $host));
  my $any = $six ? pack_sockaddr_in6(0, inet_pton(AF_INET6, "::")) : pack_sockaddr_in(0, INADDR_ANY);
  socket(my $s, $six ? AF_INET6 : AF_INET, $kind eq "tcp" ? SOCK_STREAM : SOCK_DGRAM, 0) or failed();
  if ($kind eq "udp-bound") { bind($s, $any) or failed() }
  if ($kind eq "tcp" || $kind eq "udp-connected") { connect($s, $to) or failed(); defined(syswrite($s, "hello")) or failed() }
  else { defined(send($s, "hello", 0, $to)) or failed() }
  defined(recv($s, $heard, 100, 0)) or failed();
  return "$heard\n";
}
while (<STDIN>) { chomp; my @asked = split; alarm(int(($ENV{UNDERPIN_SLOWER} || 1) / 2) || 1); my $answer = eval { ask(@asked) } // $@; alarm(0); print $answer }`

/** Clients in Perl. Kinds: tcp; udp, which names its address; udp-connected; udp-bound, which has a port of its own first. */
export class Askers {
  private readonly askers = new Map<string, Asker>()
  private readonly sandbox: Sandbox
  private readonly network: Network
  private readonly perl: string

  constructor(sandbox: Sandbox, network: Network, perl: string) {
    this.sandbox = sandbox
    this.network = network
    this.perl = perl
  }

  ask(cgroup: string, where: string, kind: string, host: string, port: number): Promise<string> {
    const key = `${cgroup} ${where}`
    let asker = this.askers.get(key)
    if (!asker) {
      const argv = [...this.network.enter(where), this.perl, '-e', answering]
      asker = new Asker(this.sandbox.spawn(cgroup, argv, { stdio: ['pipe', 'pipe', 'inherit'] }))
      this.askers.set(key, asker)
    }
    return asker.ask(`${kind} ${host} ${port}`)
  }
}

class Asker {
  private readonly waiting: ((answer: string) => void)[] = []
  private readonly child: ChildProcess

  constructor(child: ChildProcess) {
    this.child = child
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) =>
      this.waiting.shift()?.(line),
    )
    child.stdin?.on('error', () => {
      // it ended, which is told below
    })
    child.once('close', (code, signal) => {
      for (const tell of this.waiting.splice(0)) tell(`ended: ${code} ${signal}`)
    })
  }

  ask(line: string): Promise<string> {
    return new Promise((resolve) => {
      this.waiting.push(resolve)
      this.child.stdin?.write(`${line}\n`)
    })
  }
}
