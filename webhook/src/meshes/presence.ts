// SPDX-License-Identifier: Apache-2.0
// What is the same for sidecars that intercept nothing: they are looked at for being there and being the real one,
// and each of them is said to capture no traffic. There is no redirect, so nothing else can get around it.

import type { CheckInput } from '../checks/check.ts'
import { staysUp, type Container } from '../containers.ts'
import { isTrue } from '../fields.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'
import { annotationPath, oneLine } from './annotation-rules.ts'
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

/** A manifest that will be injected: what holds for every sidecar that captures nothing. */
export function presenceForesight<S extends Settings>(of: Presence<S>): Rule<S>[] {
  return [sharesProcesses(of), willCaptureNothing(of)]
}

/** The operator takes out again what it would not have put in. `said`: why it would not; null: it would. */
export function leavesAlone<S extends Settings>(
  of: Presence<S>,
  source: string,
  said: (input: MeshInput<S>) => Hit | null,
): Rule<S> {
  return sound(
    'Does the operator leave a sidecar alone that the manifest brings along?',
    source,
    (input) => {
      const [brought] = of.sidecars(input.subject)
      const why = input.subject.finished ? null : said(input)
      if (why === null || brought === undefined) return []
      const message = `the operator takes the container "${brought.name}" out again`
      return [why, { id: 'sidecar-stripped', path: `${brought.path}.name`, message }]
    },
  )
}

/** An annotation of the pod names another image. */
export function replacedImage(
  subject: Subject,
  of: { key: string; title: string; isOwn: (image: string) => boolean },
): Hit[] {
  const value = subject.pod.annotations.get(of.key) ?? ''
  if (value === '' || of.isOwn(value)) return []
  const message = `the annotation ${of.key} is "${oneLine(value)}", which is no image of ${of.title}'s`
  return [{ id: 'proxy-image-override', path: annotationPath(subject, of.key), message }]
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
