// SPDX-License-Identifier: Apache-2.0
// What is the same for sidecars that intercept nothing: they are looked at for being there and being the real one,
// and each of them is said to capture no traffic. There is no redirect, so nothing else can get around it.

import type { CheckInput } from '../checks/check.ts'
import { staysUp, type Container } from '../containers.ts'
import { isTrue } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'
import type { MeshInput } from './mesh.ts'
import { sound, type Rule } from './rule.ts'
import type { Settings } from './settings.ts'

export type Presence<S extends Settings> = {
  title: string
  source: string
  sidecars: (subject: Subject) => Container[]
  own: (container: Container, settings: S) => boolean
}

/** Of a finished pod: only the real one is said to capture nothing. */
export function capturesNothing<S extends Settings>(of: Presence<S>): Rule<S> {
  return sound('Does the sidecar capture traffic?', sourceOf(of), ({ subject, settings }) => {
    const real = of.sidecars(subject).find((one) => of.own(one, settings))
    return real === undefined ? [] : [silent(of.title, real.path)]
  })
}

/** Of a manifest: the place is where the sidecar will be. */
export function willCaptureNothing<S extends Settings>(of: Presence<S>): Rule<S> {
  return sound('Will the sidecar capture traffic?', sourceOf(of), ({ subject }) => [
    silent(of.title, `${subject.pod.prefix}spec.containers`),
  ])
}

const sourceOf = ({ source }: { source: string }) => `${source} (no redirect is set up anywhere)`

function silent(title: string, path: string): Hit {
  const message = `the sidecar of ${title} captures nothing: the application may talk to anybody directly`
  return { id: 'non-capturing-sidecar', path, message }
}

export function sharesProcesses<S extends Settings>(of: Presence<S>): Rule<S> {
  return sound(
    'Are the processes of the sidecar hidden from the other containers?',
    'kubernetes/api core/v1/types.go PodSpec.ShareProcessNamespace, 1.34 to 1.36',
    ({ subject: { pod } }) => {
      if (!isTrue(pod.spec, 'shareProcessNamespace')) return []
      const path = `${pod.prefix}spec.shareProcessNamespace`
      const message = `containers can signal the sidecar of ${of.title} and read its files and keys`
      return [{ id: 'share-process-namespace', path, message }]
    },
  )
}

/** A container that has the sidecar's name and is something else. */
export function notReal(one: Container, place: string, why: string): Hit[] {
  const message = `the container "${one.name}" ${why}`
  return [{ id: 'fake-sidecar-name', path: `${one.path}.${place}`, message }]
}

export function runsForeignImage(one: Container, title: string): Hit[] {
  return notReal(one, 'image', `runs "${one.image.slice(0, 100)}", which is no image of ${title}'s`)
}

/** Asked of the container that stays up with the pod; another rule says when none does. */
export function ofSidecar<S extends Settings>(
  { subject }: MeshInput<S>,
  of: Presence<S>,
  find: (sidecar: Container) => Hit[],
): Hit[] {
  const sidecar = of.sidecars(subject).find(staysUp)
  return sidecar === undefined ? [] : find(sidecar)
}

/** No user or group is left alone, because nothing is captured. */
export function presenceInput<S extends Settings>(
  { subject, namespace, objects, settings }: MeshInput<S>,
  of: Presence<S>,
): CheckInput {
  return {
    subject,
    namespace,
    objects,
    exempt: { users: new Set(), groups: new Set(), usual: -1 },
    own: (one) => of.own(one, settings),
    reserved: new Set(),
  }
}
