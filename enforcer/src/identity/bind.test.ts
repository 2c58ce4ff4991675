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
    ['0', { id: 5, scope: 'unmanaged', container: 15 }],
    ['1', { id: 6, scope: 'host', container: 8 }],
  ]),
  pods: new Map([[uid, 7]]),
  container: 8,
  pending: 9,
  numbersAgree: true,
}
type Parent = { subject: bigint; scope: number; id?: bigint }
const of = (path: string, parent?: Parent, ofRoot = true) =>
  subjectOf({ id: 99n, path, depth: path.split('/').length - 1, ofRoot }, parent, bindings)
const hex = '5'.repeat(64)

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
  it('a pod that nobody knows is pending, with its UID where it can be read', () => {
    const unknown = '0'.repeat(32)
    const pod = (fresh: object) => ({ subject: 99n, scope: Scope.POD, fresh })
    expect(of(`/kubepods/pod${unknown}`)).toEqual(pod({ binding: 9, uid: unknown }))
    expect(of('/kubepods/besteffort/podmy-static-uid')).toEqual(pod({ binding: 9 }))
  })
  it('a container by its name: with what selects its path, else with what selects every container', () => {
    const container = (binding: number) => ({
      subject: 99n,
      scope: Scope.UNMANAGED,
      fresh: { binding },
    })
    expect(of(`/docker/${hex}`)).toEqual(container(15))
    expect(of(`/machine.slice/libpod-${hex}.scope`)).toEqual(container(8))
    // Below a host service as well, and when a policy about host services selects it.
    const service = { subject: 3n, scope: Scope.HOST }
    expect(of(`/system.slice/docker-${hex}.scope`, service)).toEqual(container(8))
  })
  it('no name makes a pod or a container of what root did not make', () => {
    expect(of(`/kubepods/pod${uid}`, undefined, false)).toBeNull()
    expect(of(`/user.slice/libpod-${hex}.scope`, undefined, false)).toBeNull()
  })
  it('a helper beside a pod’s containers is in no subject; anywhere else it is', () => {
    const path = `/kubepods/pod${uid}/crio-conmon-${hex}`
    expect(of(path, { subject: 2n, scope: Scope.POD, id: 2n })).toBeNull()
    expect(of(path, { subject: 2n, scope: Scope.POD, id: 7n })).toMatchObject({ subject: 2n })
    expect(of(path, { subject: 2n, scope: Scope.POD, id: 2n }, false)).toMatchObject({
      subject: 2n,
    })
  })
  it('none', () => {
    expect(of('/user.slice')).toBeNull()
    expect(of('/user.slice/a', { subject: 0n, scope: Scope.NONE })).toBeNull()
  })
})
