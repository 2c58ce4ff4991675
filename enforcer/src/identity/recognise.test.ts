// SPDX-License-Identifier: Apache-2.0
// Pods, containers and helpers by the names of their cgroups, as kubelet and runtimes write them; and what only looks so.
import { describe, expect, it } from 'vitest'
import { recognise } from './recognise.ts'

const uid = '0f9b1c2d-1111-2222-3333-444455556666'
const digits = uid.replaceAll('-', '')
const under = uid.replaceAll('-', '_')
const hex = '0123456789abcdef'.repeat(4)
const at = (path: string) => {
  const [own = '', parent = '', above = ''] = path.split('/').reverse()
  return recognise({ own, parent, above, atTop: path.split('/').length === 3 })
}

describe('pods', () => {
  it.each([
    [`/kubepods.slice/kubepods-pod${under}.slice`],
    [`/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${under}.slice`],
    [`/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${digits}.slice`],
    [`/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${under}.slice`],
    [`/kubepods/pod${uid}`],
    [`/kubepods/burstable/pod${digits}`],
  ])('%s', (path) => {
    expect(at(path)).toEqual({ kind: 'pod', uid: digits })
  })
  it.each([
    ['/kubepods/podmy-own-uid'],
    [`/kubepods/pod${uid}0`],
    [`/kubepods/pod${uid.toUpperCase()}`],
    [`/kubepods/pod${under}`],
    [`/kubepods.slice/kubepods-pod${uid}.slice`],
    [`/kubepods/burstable/pod${'-'.repeat(36)}`],
  ])('%s, whose UID cannot be read', (path) => {
    expect(at(path)).toEqual({ kind: 'pod' })
  })
  it.each([
    [`/system.slice/pod${uid}`],
    [`/pod${uid}`],
    [`/x/burstable/pod${uid}`],
    [`/kubepods/other/pod${uid}`],
    [`/kubepods.slice/pod${uid}`],
    [`/kubepods.slice/kubepods-burstable-pod${under}.slice`],
    [`/x.slice/kubepods-pod${under}.slice`],
    [`/mykubepods.slice/mykubepods-pod${under}.slice`],
    [`/kubepods-x.slice/kubepods-x-pod${under}.slice`],
    ['/kubepods/pod'],
    ['/kubepods.slice/kubepods-pod.slice'],
    ['/kubepods/burstable'],
  ])('not %s', (path) => {
    expect(at(path)).toBeNull()
  })
})

describe('containers', () => {
  it.each([
    [`/system.slice/docker-${hex}.scope`],
    [`/docker/${hex}`],
    [`/my.slice/cri-containerd-${hex}.scope`],
    [`/k8s.io/${hex}`],
    [`/kubepods-pod${under}.slice:cri-containerd:${hex}`],
    [`/system.slice/nerdctl-${hex}.scope`],
    [`/machine.slice/libpod-${hex}.scope`],
    [`/libpod_parent/libpod-${hex}`],
    [`/system.slice/web.service/libpod-payload-${hex}`],
    [`/x/crio-${hex}.scope`],
    ['/default/redis 1'],
    [`/docker/buildkit/${'a1'.repeat(12)}z`],
    [`/system.slice/buildkit-${'a1'.repeat(12)}z.scope`],
    ['/lxc.payload.web'],
    ['/lxc/web'],
    ['/machine.slice/systemd-nspawn@web.service/payload'],
    ['/machine.slice/machine-web.scope/payload'],
  ])('%s', (path) => {
    expect(at(path)).toEqual({ kind: 'container' })
  })
  it.each([
    [`/machine.slice/libpod-conmon-${hex}.scope`],
    [`/kubepods/pod${uid}/crio-conmon-${hex}`],
  ])('%s is a helper', (path) => {
    expect(at(path)).toEqual({ kind: 'helper' })
  })
  it.each([
    [`/system.slice/docker-${hex}.service`],
    [`/system.slice/docker-${hex}.scope.scope`],
    [`/docker/${hex}0`],
    [`/docker/${hex.slice(1)}`],
    [`/docker/${hex.toUpperCase()}`],
    [`/docker/${hex}\xff`],
    [`/system.slice/docker_${hex}.scope`],
    ['/libpod_parent/conmon'],
    ['/a/default/x'],
    ['/lxc.monitor.web'],
    ['/lxc.payload.'],
    ['/machine.slice/payload'],
    ['/machine.slice/systemd-nspawn@web.service/supervisor'],
    [`/system.slice/buildkit-${'A'.repeat(25)}.scope`],
    ['/system.slice/docker.service'],
    [''],
  ])('not %s', (path) => {
    expect(at(path)).toBeNull()
  })
  it('with bytes of any kind before the id', () => {
    expect(at(`/x/\n\xff \x1b[-${hex}.scope`)).toEqual({ kind: 'container' })
  })
})
