// SPDX-License-Identifier: Apache-2.0
// Acts of a privileged container that its policy does not list; into other processes among them.
import { allowed, type Attempt } from '../attempt.ts'
import type { ClusterSpec } from '../../harness/sandbox.ts'

const none: ClusterSpec = { processes: [{ exe: allowed, privileges: [] }] }
const attempt = (name: string, tries: string, rest: Partial<Attempt> = {}): Attempt => ({
  ...{ name, tries, needs: ['privilege'], decision: 'privilege' },
  ...{ policy: none, rule: 'spec.processes' },
  ...rest,
})
const outside: Partial<Attempt> = {
  arguments: ({ outsider }) => [`${outsider}`],
  container: { hostProcesses: true },
}
const rail = (privilege: string): Partial<Attempt> => ({
  policy: { deny: [{ privilege }] },
  rule: 'spec.deny[0]',
})

const userNamespaces: Partial<Attempt> = {
  ...rail('user-namespaces'),
  unless: /making a user namespace is not decided/,
}

export const privilege: Attempt[] = [
  attempt('traced', 'ptrace: attach to another process'),
  attempt('seized', 'ptrace: seize another process'),
  attempt('asked-to-trace', 'ptrace: a child that asks to be traced'),
  attempt('memory-of-other', "another process's memory, by /proc/PID/mem"),
  attempt('written-into-other', "another process's memory, by process_vm_writev"),
  attempt('descriptor-of-other', "another process's open file, by pidfd_getfd"),
  attempt('traced-outside', 'ptrace: a process outside of the container', {
    ...{ program: 'traced', ...outside },
  }),
  attempt('memory-outside', 'the memory of a process outside of the container', {
    ...{ program: 'memory-of-other', ...outside },
  }),
  attempt('written-outside', 'process_vm_writev to a process outside of the container', {
    ...{ program: 'written-into-other', ...outside },
  }),
  attempt('descriptor-outside', 'an open file of a process outside of the container', {
    ...{ program: 'descriptor-of-other', ...outside },
  }),
  ...(process.arch === 'x64'
    ? [
        attempt('exec-in-other', 'a process that may start the forbidden program is made to', {
          policy: {
            processes: [
              { exe: [...allowed, '/bin/keeper'], privileges: [] },
              { exe: '/bin/evil', from: ['/bin/keeper'] },
            ],
          },
        }),
      ]
    : []),
  {
    name: 'exec-under-trace',
    tries: 'exec of the forbidden program while its parent traces it',
    needs: ['exec'],
    policy: { processes: [{ exe: allowed }] },
    rule: 'spec.processes',
    executable: '/bin/evil',
  },
  attempt('mounts', 'mount', rail('mount')),
  attempt('mounts-unlisted', 'mount, where no privilege is listed', { program: 'mounts' }),
  attempt('mounts-by-descriptor', 'a new file system by fsopen and move_mount', rail('mount')),
  attempt('mounts-a-copy', 'a cloned mount by open_tree and move_mount', rail('mount')),
  attempt('unmounts', 'umount', rail('mount')),
  attempt('remounts', 'a mount changed', rail('mount')),
  attempt('pivots', 'pivot_root', rail('mount')),
  attempt('makes-user-namespace', 'a user namespace, as an ordinary user', {
    ...userNamespaces,
    container: { user: 1000 },
  }),
  attempt('child-in-user-namespace', 'a child in a user namespace', userNamespaces),
  attempt('makes-bpf-map', 'bpf: a map', rail('bpf')),
  ...['map', 'program', 'link'].map((kind) =>
    attempt(`takes-bpf-${kind}`, `bpf: a ${kind} of anybody's, by its number`, {
      ...rail('bpf'),
      program: 'takes-bpf-object',
      arguments: () => [kind],
      guarded: true,
    }),
  ),
  attempt('takes-bpf-pin', "bpf: a pin of the enforcer's", {
    ...rail('bpf'),
    arguments: ({ pin }) => [pin],
    guarded: true,
  }),
  attempt('loads-module', 'a kernel module', {
    ...rail('kernel-modules'),
    mayLack: 'a kernel that loads modules',
  }),
  attempt('loads-module-file', 'a kernel module, from a file', {
    ...rail('kernel-modules'),
    mayLack: 'a kernel that loads modules',
  }),
  attempt('uses-capability', 'chown, with a capability that is not listed'),
  attempt('changes-root', 'chroot', rail('SYS_CHROOT')),
  attempt('raises-priority', 'a priority above the usual', rail('SYS_NICE')),
]
