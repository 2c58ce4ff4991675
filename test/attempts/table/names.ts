// SPDX-License-Identifier: Apache-2.0
// The forbidden program by other names, by descriptors, and where it has no name at all.
import { paths, type Attempt } from '../attempt.ts'

const attempt = (name: string, tries: string, rest: Partial<Attempt> = {}): Attempt => ({
  ...{ name, tries, needs: ['exec'], policy: paths(), rule: 'spec.processes' },
  ...rest,
})
/** Everything that has a path may run. */
const everything = { policy: paths('/**') }

export const names: Attempt[] = [
  attempt('plain', 'exec of a program that no policy lists', { executable: '/bin/evil' }),
  attempt('copied', 'a copy of it', { executable: '/work/good' }),
  attempt('symbolic-link', 'a symbolic link to it, at a listed path', {
    policy: paths('/work/good'),
    executable: '/bin/evil',
  }),
  attempt('symbolic-link-over-allowed', 'a symbolic link in place of a listed program', {
    executable: '/bin/evil',
  }),
  attempt('hard-link', 'a hard link to it', { executable: '/work/good' }),
  attempt('dots', 'a path with . and ..', { executable: '/bin/evil' }),
  attempt('relative', 'a path relative to the working directory', { executable: '/bin/evil' }),
  attempt('argv-zero', "a listed program's path as its first argument"),
  attempt('named-runc', "the name and the arguments of a container runtime's init"),
  attempt('named-kubelet', "the kubelet's name, for the process and for the file"),
  attempt('proc-root', '/proc/self/root in front of its path', { executable: '/bin/evil' }),
  attempt('proc-fd', '/proc/self/fd/N', { executable: '/bin/evil' }),
  attempt('by-descriptor', 'execveat of an open file, with an empty path', {
    executable: '/bin/evil',
  }),
  attempt('by-path-descriptor', 'execveat of a file opened as a path only', {
    executable: '/bin/evil',
  }),
  attempt('memory', 'a file in memory, by its descriptor', everything),
  attempt('memory-by-path', 'a file in memory, by /proc/self/fd/N', everything),
  attempt('memory-named-runc', "a sealed file in memory named as a runtime's copy of itself", {
    ...everything,
  }),
  attempt(
    'memory-of-itself',
    'a sealed copy in memory of the listed program that runs',
    everything,
  ),
  attempt('memory-without-name', 'a file that never had a name (O_TMPFILE)', {
    ...everything,
    mayLack: 'O_TMPFILE on overlays, since 6.1',
  }),
  attempt('deleted', 'a file that is unlinked before it is run', everything),
  attempt('deleted-and-replaced', 'an unlinked file, a listed program now at its path', {
    policy: paths('/work/good'),
  }),
  attempt('two-hundred-levels', 'a path of 200 levels, everything with a path listed', everything),
  attempt('path-of-five-thousand-bytes', 'a path of 5,000 bytes that ends in a listed one'),
  attempt('odd-bytes', 'names that differ from a listed one by odd bytes', {
    policy: paths('/work/good'),
  }),
  attempt('set-user-id', 'a set-user-ID program, as an ordinary user', {
    container: { user: 1000 },
    executable: '/bin/evil-setuid',
  }),
  attempt('descriptor-from-outside', "a host's file, by an inherited descriptor", everything),
  attempt('descriptor-over-socket', "a host's file, its descriptor received over a socket", {
    ...everything,
  }),
]
