// SPDX-License-Identifier: Apache-2.0
// Scripts that are not listed, for an interpreter that is; scripts that are, and are not what they were.
import { fromImage, paths, type Attempt } from '../attempt.ts'

const attempt = (name: string, tries: string, rest: Partial<Attempt> = {}): Attempt => ({
  ...{ name, tries, needs: ['exec'], policy: paths(), rule: 'spec.processes' },
  ...rest,
})

export const scripts: Attempt[] = [
  attempt('script', 'a script of a listed interpreter', { executable: '/work/script' }),
  attempt('script-relative', 'the same by a relative path'),
  attempt('script-by-descriptor', 'the same by its descriptor'),
  attempt('script-in-memory', 'the same as a file in memory', { policy: paths('/**') }),
  attempt('script-of-forbidden', 'a listed script whose interpreter is not', {
    policy: paths('/work/script'),
    executable: '/bin/evil',
  }),
  attempt('script-behind-symbolic-link', 'a symbolic link in place of a listed script', {
    policy: paths('/opt/script'),
  }),
  attempt('script-below-symbolic-link', "a symbolic link in place of a listed script's folder", {
    policy: paths('/opt/scripts/script'),
  }),
  attempt('script-below-changed-root', 'a listed path in another root', {
    policy: paths('/opt/script'),
  }),
  attempt('script-bind-mounted', 'another script mounted over a listed one', {
    policy: fromImage('/opt/script'),
    rule: 'spec.code',
  }),
  attempt('script-overwritten', 'a listed script, overwritten', {
    policy: fromImage('/opt/script'),
    rule: 'spec.code',
  }),
  attempt('script-chain', "a listed script's interpreter is a script that is not", {
    policy: paths('/opt/chain'),
  }),
  attempt('script-as-argument', 'a forbidden program started by what a listed interpreter reads', {
    executable: '/bin/evil',
  }),
  attempt('other-interpreter', 'an interpreter of its own for a listed file (binfmt_misc)', {
    policy: paths('/work/x'),
    executable: '/bin/evil',
    mayLack: 'binfmt_misc in user namespaces, since 6.7',
  }),
]
