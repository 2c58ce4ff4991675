// SPDX-License-Identifier: Apache-2.0
// The node's resolvers, from the files that name them.
import { expect, it } from 'vitest'
import { nodeResolvers } from './resolvers.ts'

const files = (texts: Record<string, string>) => nodeResolvers((path) => texts[path] ?? '')

it('are those of both files, each once, without what is no address', () => {
  expect(
    files({
      '/etc/resolv.conf':
        'search a.test\nnameserver 10.0.0.2\n nameserver fd00::2%eth0 # one\n;nameserver 1.1.1.1\nnameserver dns.test\n',
      '/run/systemd/resolve/resolv.conf': 'nameserver 10.0.0.2\nnameserver\t10.0.0.3\n',
    }),
  ).toEqual({
    containers: ['10.0.0.2', 'fd00::2', '10.0.0.3'],
    host: ['10.0.0.2', 'fd00::2', '10.0.0.3'],
  })
})

it('on loopback are resolvers of the host only', () => {
  expect(
    files({
      '/etc/resolv.conf': 'nameserver 127.0.0.53\nnameserver ::1\nnameserver ::ffff:127.0.0.1\n',
      '/run/systemd/resolve/resolv.conf': 'nameserver 10.0.0.3\n',
    }),
  ).toEqual({
    containers: ['10.0.0.3'],
    host: ['127.0.0.53', '::1', '::ffff:127.0.0.1', '10.0.0.3'],
  })
})

it('are none where no file says any', () => {
  expect(files({})).toEqual({ containers: [], host: [] })
})
