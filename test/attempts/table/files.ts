// SPDX-License-Identifier: Apache-2.0
// A file that is not to be read and one that is not to be written: against a guard rail that names them, and against a
// list of what may be opened, in which they are not.
import { allowed, type Attempt } from '../attempt.ts'
import type { ClusterSpec } from '../../harness/sandbox.ts'

const secret = '/share/secret'
const settings = '/share/settings'
const listed: ClusterSpec = {
  processes: [
    {
      exe: allowed,
      files: [
        { path: '/work/**', access: 'write' },
        { path: '/proc/**', access: 'read' },
      ],
    },
  ],
}
const rail = (path: string, access: 'read' | 'write'): ClusterSpec => ({
  deny: [{ file: { path, access } }],
})

/** Twice: a guard rail, and a list. */
function both(
  name: string,
  tries: string,
  guard: ClusterSpec,
  rest: Partial<Attempt> = {},
): Attempt[] {
  const attempt = (suffix: string, policy: ClusterSpec, rule: string): Attempt => ({
    ...{ name: name + suffix, tries, program: name, needs: ['file'], decision: 'file' },
    ...{ policy, rule },
    ...rest,
  })
  return [attempt('', guard, 'spec.deny[0]'), attempt('-unlisted', listed, 'spec.processes')]
}
const reads = (name: string, tries: string, rest: Partial<Attempt> = {}): Attempt[] =>
  both(name, tries, rail(secret, 'read'), rest)
const writes = (name: string, tries: string, rest: Partial<Attempt> = {}): Attempt[] =>
  both(name, tries, rail(settings, 'write'), rest)
const helper = (name: string, path: string, mayLack?: string): Attempt => ({
  ...{ name, ...(mayLack && { mayLack }) },
  tries: `${path}, the program that the kernel starts on the host`,
  program: 'sets-helper',
  arguments: () => [path],
  needs: ['file'],
  decision: 'file',
  policy: rail('/proc/sys/**', 'write'),
  rule: 'spec.deny[0]',
})

export const files: Attempt[] = [
  ...reads('reads', 'open, to read'),
  ...reads('reads-by-openat2', 'openat2, to read'),
  ...reads('reads-while-writing', 'open, to read and write'),
  ...reads('reads-relative', 'open by a relative path'),
  ...reads('reads-symbolic-link', 'open of a symbolic link'),
  ...reads('reads-hard-link', 'open of a hard link made for this'),
  ...reads('reads-renamed', 'open after renaming the file'),
  ...reads('reads-through-proc', 'open by /proc/self/root'),
  ...reads('reads-reopened', 'open of a descriptor that was only a path'),
  ...reads('reads-bind-mounted', 'open where the folder is mounted a second time'),
  ...reads('reads-in-changed-root', 'open in a root below which the path is another'),
  ...reads('reads-in-own-mounts', 'open in a mount namespace of its own'),
  ...both('reads-by-handle', 'open by a handle', rail('/tmp/secret', 'read')),
  ...reads('reads-by-io-uring', 'open by a worker of io_uring', {
    mayLack: 'io_uring, which some kernels switch off',
  }),
  ...writes('writes', 'open, to write'),
  ...writes('appends', 'open, to append'),
  ...writes('empties-while-reading', 'open, to read and to truncate'),
  ...writes('truncates', 'truncate, without opening it'),
  ...writes('replaces', 'another file renamed over it'),
  {
    name: 'removes-bpf-pin',
    tries: "a pin of the enforcer's removed, by a container to which the host's bpffs is mounted",
    arguments: ({ pin }) => [pin],
    needs: ['file'],
    decision: 'file',
    policy: rail('/pins/**', 'write'),
    guarded: true,
    rule: 'spec.deny[0]',
  },
  helper('sets-core-pattern', '/proc/sys/kernel/core_pattern'),
  helper('sets-modprobe', '/proc/sys/kernel/modprobe', 'a kernel that loads modules'),
]
