// SPDX-License-Identifier: Apache-2.0
// Which subject an existing cgroup belongs to: a container's inside is the container; else a pod's UID; else a pattern;
// else as its parent.
import { describe, expect, it } from 'vitest'
import { Scope } from '../kernel/abi.gen.ts'
import { buildAutomaton } from '../plan/automaton.ts'
import { cgroupPart } from '../plan/cgroup-automaton.ts'
import { subjectOf, type Bindings } from './bind.ts'

const uid = '0f9b1c2d111122223333444455556666'
const bindings: Bindings = {
  automaton: buildAutomaton(
    ['/docker/*', '/system.slice/**'].map((pattern, means) => ({
      part: cgroupPart(pattern),
      means,
    })),
    { search: false, limit: 200, what: 'test' },
  ),
  accepts: new Map([
    ['0', { id: 5, scope: 'unmanaged' }],
    ['1', { id: 6, scope: 'host' }],
  ]),
  pods: new Map([[uid, 7]]),
}
const of = (path: string, parent?: { subject: bigint; scope: number }) =>
  subjectOf({ id: 99n, path }, parent, bindings)

describe('the subject of a cgroup', () => {
  it('a known pod', () => {
    expect(of(`/kubepods/pod${uid}`)).toEqual({
      subject: 99n,
      scope: Scope.POD,
      fresh: { binding: 7, uid },
    })
  })
  it('a pattern', () => {
    expect(of('/docker/abc')).toEqual({
      subject: 99n,
      scope: Scope.UNMANAGED,
      fresh: { binding: 5 },
    })
  })
  it('nothing inside a container is a subject of its own, whatever its name', () => {
    const parent = { subject: 1n, scope: Scope.UNMANAGED }
    for (const path of ['/docker/abc', `/docker/abc/pod${uid}`])
      expect(of(path, parent)).toEqual(parent)
    const pod = { subject: 2n, scope: Scope.POD }
    expect(of(`/kubepods/x/pod${uid}`, pod)).toEqual(pod)
  })
  it('below a host service the nearest pattern counts, else the parent', () => {
    const parent = { subject: 3n, scope: Scope.HOST }
    expect(of('/system.slice/a/b', parent)).toMatchObject({ subject: 99n, fresh: { binding: 6 } })
    expect(of('/elsewhere/b', parent)).toEqual(parent)
  })
  it('none', () => {
    expect(of('/user.slice')).toBeNull()
    expect(of('/kubepods/pod00000000000000000000000000000000')).toBeNull()
  })
})
