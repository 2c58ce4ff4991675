// SPDX-License-Identifier: Apache-2.0
// Network namespaces of a test's own, joined by veth pairs as a node joins its pods: each pod's default route leads to the
// node, which forwards, and translates addresses as the test tells it to.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

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

/**
 * A client in Perl: KIND HOST PORT, prints what it heard or why not. Kinds: tcp; udp, which names its address; udp-connected;
 * udp-bound, which has a port of its own first. "hello" goes out, once.
 */
export const askOnce = `
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6); use Errno;
my ($kind, $host, $port) = @ARGV; my $six = $host =~ /:/;
my $to = $six ? pack_sockaddr_in6($port, inet_pton(AF_INET6, $host)) : pack_sockaddr_in($port, inet_pton(AF_INET, $host));
my $any = $six ? pack_sockaddr_in6(0, inet_pton(AF_INET6, "::")) : pack_sockaddr_in(0, INADDR_ANY);
sub failed { my ($name) = grep { $!{$_} } qw(EPERM ECONNREFUSED EHOSTUNREACH ENETUNREACH ETIMEDOUT); print $name || "errno " . ($! + 0); exit }
$SIG{ALRM} = sub { print "TIMEOUT"; exit }; alarm($ENV{UNDERPIN_SLOWER} || 1);
socket(S, $six ? AF_INET6 : AF_INET, $kind eq "tcp" ? SOCK_STREAM : SOCK_DGRAM, 0) or failed();
if ($kind eq "udp-bound") { bind(S, $any) or failed() }
if ($kind eq "tcp" || $kind eq "udp-connected") { connect(S, $to) or failed(); defined(syswrite(S, "hello")) or failed() }
else { defined(send(S, "hello", 0, $to)) or failed() }
my $heard = ""; defined(recv(S, $heard, 100, 0)) or failed(); print $heard;`
