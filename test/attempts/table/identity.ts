// SPDX-License-Identifier: Apache-2.0
// Out of the identity that a policy is about: other cgroups, namespaces, parents.
import { allowed, paths, type Attempt } from '../attempt.ts'

const attempt = (name: string, tries: string, rest: Partial<Attempt> = {}): Attempt => ({
  ...{ name, tries, needs: ['exec'], policy: paths(), rule: 'spec.processes' },
  executable: '/bin/evil',
  ...rest,
})
/** Sees the folder of cgroups, and may write to it. */
const moving = (name: string, tries: string, rest: Partial<Attempt> = {}): Attempt =>
  attempt(name, tries, { arguments: ({ cgroup }) => [cgroup], ...rest })
const late: Partial<Attempt> = {
  policy: { processes: [{ exe: allowed }, { exe: '/bin/evil', startedBy: 'entrypoint' }] },
  late: true,
}

export const identity: Attempt[] = [
  moving('free-cgroup', 'to a cgroup without a policy'),
  moving('lenient-cgroup', 'to a cgroup whose policy allows everything'),
  moving('lenient-cgroup-by-detour', 'there by way of one without a policy'),
  moving('nested-cgroup', 'to a cgroup made inside of its own'),
  moving('nested-cgroup-of-other-name', 'to one inside of its own that is named as a lenient one'),
  moving('new-lenient-cgroup', 'to a new cgroup that a lenient policy selects'),
  moving('born-in-free-cgroup', 'a child born in a cgroup without a policy'),
  moving('born-in-lenient-cgroup', 'a child born in a cgroup whose policy allows everything'),
  attempt('double-fork', 'a daemon: forked twice, its parent gone'),
  attempt('fifty-generations', 'a descendant of the fiftieth generation'),
  attempt('shared-memory-fork', 'vfork, then exec'),
  attempt('spawned', 'posix_spawn'),
  attempt('threads-that-exec', 'exec by four threads at once'),
  attempt('thread-without-leader', 'exec by a thread whose first thread has ended'),
  attempt('clone-that-shares-everything', 'a clone with the same memory, files and handlers'),
  attempt('all-namespaces', 'new namespaces of every kind'),
  attempt('user-and-pid-namespace', 'new user and pid namespaces, as an ordinary user', {
    container: { user: 1000 },
  }),
  attempt('namespaces-of-host', "every namespace of the host's, and a listed path there", {
    policy: ({ image }) => paths(image.evil),
    arguments: ({ image }) => [`${process.pid}`, image.evil],
    container: { hostProcesses: true },
    executable: /evil/,
  }),
  attempt('flood-of-images', 'after more listed programs than one subject has rows for', {
    policy: paths('/tmp/**'),
    arguments: () => ['2200'],
    floods: true,
  }),
  attempt('flood-of-processes', 'while it has 500 children', {
    arguments: () => ['500'],
    floods: true,
  }),
  attempt(
    'as-entry-point',
    'what only the entry point may start, by a process that came later',
    late,
  ),
  attempt('as-entry-point-orphan', 'the same by an orphan of such a process', late),
  moving('as-entry-point-of-nested', 'the same in a fresh cgroup inside of its own', late),
]
