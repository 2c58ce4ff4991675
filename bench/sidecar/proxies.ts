// SPDX-License-Identifier: Apache-2.0
// A sidecar in each pod, as a mesh puts it there: everything that the pod sends goes through a proxy on port 15001, and
// everything that comes in through one on 15006 (iptables REDIRECT; the proxy's own traffic, user 1337, is left alone).
// The proxies pass TCP on to where it was going, without encryption: the least that a sidecar does.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChildProcess } from 'node:child_process'
import { need, until, type Sandbox } from '../../test/harness/sandbox.ts'
import type { Pod, Pods } from './pods.ts'

export const sidecars = ['haproxy', 'envoy'] as const
export type Sidecar = (typeof sidecars)[number]
/** Below it the unpacked packages; see setup.sh. */
export type Root = string

const user = '1337'
const outbound = 15001
const inbound = 15006

/** Programs of packages that are unpacked, not installed. */
const environment = (root: Root): Record<string, string> => ({
  LD_LIBRARY_PATH: [
    join(root, 'usr/lib/x86_64-linux-gnu'),
    join(root, 'lib/x86_64-linux-gnu'),
  ].join(':'),
  XTABLES_LIBDIR: join(root, 'usr/lib/x86_64-linux-gnu/xtables'),
})

function redirect(pods: Pods, pod: Pod, root: Root): void {
  const nat = (...rule: string[]) =>
    pods.inside(
      pod,
      [join(root, 'usr/sbin/xtables-nft-multi'), 'iptables', '-t', 'nat', '-A', ...rule],
      environment(root),
    )
  nat('PREROUTING', '-p', 'tcp', '-j', 'REDIRECT', '--to-ports', String(inbound))
  const others = ['-m', 'owner', '!', '--uid-owner', user]
  nat(
    'OUTPUT',
    '-p',
    'tcp',
    '!',
    '-o',
    'lo',
    ...others,
    '-j',
    'REDIRECT',
    '--to-ports',
    String(outbound),
  )
}

const haproxyConfig = `
global
  maxconn 4096
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
${[outbound, inbound]
  .map((port) => `listen at-${port}\n  bind 0.0.0.0:${port}\n  server where-it-was-going 0.0.0.0:0`)
  .join('\n')}
`

const envoyConfig = JSON.stringify({
  static_resources: {
    listeners: [outbound, inbound].map((port) => ({
      name: `at-${port}`,
      address: { socket_address: { address: '0.0.0.0', port_value: port } },
      listener_filters: [
        {
          name: 'envoy.filters.listener.original_dst',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst',
          },
        },
      ],
      filter_chains: [
        {
          filters: [
            {
              name: 'envoy.filters.network.tcp_proxy',
              typed_config: {
                '@type':
                  'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
                stat_prefix: `at-${port}`,
                cluster: 'where-it-was-going',
              },
            },
          ],
        },
      ],
    })),
    clusters: [
      {
        name: 'where-it-was-going',
        type: 'ORIGINAL_DST',
        lb_policy: 'CLUSTER_PROVIDED',
        connect_timeout: '5s',
      },
    ],
  },
})

function command(sidecar: Sidecar, root: Root, s: Sandbox): string[] {
  if (sidecar === 'haproxy') {
    const file = join(s.files, 'haproxy.cfg')
    writeFileSync(file, haproxyConfig)
    return [join(root, 'usr/sbin/haproxy'), '-db', '-q', '-f', file]
  }
  const file = join(s.files, 'envoy.json')
  writeFileSync(file, envoyConfig)
  // Two workers, as meshes set it.
  return [
    ...[join(root, 'envoy'), '-c', file, '--concurrency', '2', '--log-level', 'error'],
    ...['--disable-hot-restart', '--use-dynamic-base-id'],
  ]
}

/** Starts one in each pod, in the cgroup `proxies`; resolves when all of them listen. */
export async function startSidecars(
  sidecar: Sidecar,
  root: Root,
  s: Sandbox,
  pods: Pods,
): Promise<ChildProcess[]> {
  const env = Object.entries(environment(root)).map(([name, value]) => `${name}=${value}`)
  const asUser = [need('setpriv'), '--reuid', user, '--regid', user, '--clear-groups']
  const started: ChildProcess[] = []
  for (const pod of pods.all) {
    redirect(pods, pod, root)
    const argv = [...asUser, need('env'), ...env, ...command(sidecar, root, s)]
    const child = pods.spawn(pod, 'proxies', argv)
    let said = ''
    child.stderr?.on('data', (data: Buffer) => (said += data.toString()))
    started.push(child)
    await until(
      `${sidecar} listens in ${pod.name}: ${said}`,
      () => {
        if (child.exitCode !== null) throw new Error(`${sidecar} ended: ${said}`)
        return listens(pods, pod, outbound) && listens(pods, pod, inbound)
      },
      60_000,
    )
  }
  return started
}

function listens(pods: Pods, pod: Pod, port: number): boolean {
  try {
    pods.inside(pod, [
      '/bin/sh',
      '-c',
      `grep -qi ':${port.toString(16)} 00000000:0000 0A' /proc/net/tcp`,
    ])
    return true
  } catch {
    return false
  }
}
