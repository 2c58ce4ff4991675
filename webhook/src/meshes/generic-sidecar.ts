// SPDX-License-Identifier: Apache-2.0
// The finished pod of a profile that is data: is the sidecar the real one, and is there a redirect?

import { staysUp, type Container } from '../containers.ts'
import type { Hit } from '../finding.ts'
import type { GenericProfile } from './generic-profile.ts'
import type { MeshInput } from './mesh.ts'
import { sound, type Rule } from './rule.ts'
import { aheadOf, oneStaysUp } from './usual-rules.ts'

type Own = (container: Container, more?: readonly string[]) => boolean

export function genericVerification(profile: GenericProfile, own: Own): Rule[] {
  const { sidecar, capture, title, source } = profile
  const named = ({ subject }: Pick<MeshInput, 'subject'>) =>
    subject.pod.containers.filter((one) => sidecar.containers.includes(one.name))
  const proxyOf = (input: MeshInput) => named(input).find(staysUp)
  return [
    oneStaysUp((subject) => named({ subject }), source),
    sound('Is the sidecar the one of the profile, by image and arguments?', source, (input) => {
      const proxy = proxyOf(input)
      if (proxy === undefined) return []
      const say = (field: string, what: string): Hit[] => [
        {
          id: 'fake-sidecar-name',
          path: `${proxy.path}.${field}`,
          message: `the container "${proxy.name}" ${what}`,
        },
      ]
      if (!own(proxy, input.settings.images)) {
        return say('image', `runs "${proxy.image.slice(0, 100)}", which is no image of ${title}'s`)
      }
      if (proxy.command.length > 0) return say('command', 'has a command of its own')
      const same = sidecar.args.every((arg, index) => proxy.args[index] === arg)
      return same ? [] : say('args', `is not started with "${sidecar.args.join(' ')}"`)
    }),
    sound('Is the redirect set up before every other init container?', source, (input) => {
      const proxy = proxyOf(input)
      if (proxy === undefined || capture.by !== 'init') return []
      const { containers, prefix } = input.subject.pod
      const init = containers.find(
        (one) => one.kind === 'init' && capture.containers.includes(one.name),
      )
      if (init === undefined || !own(init, input.settings.images)) {
        const path = init === undefined ? `${prefix}spec.initContainers` : `${init.path}.image`
        const message = `no init container "${capture.containers.join('" or "')}" of ${title} redirects the traffic`
        return [{ id: 'capture-missing', path, message }]
      }
      const isOwn = (one: Container) => own(one, input.settings.images)
      return aheadOf(init, input.subject, isOwn, proxy.kind === 'native')
    }),
    ...(capture.by === 'none' ? [notCapturing(source, proxyOf)] : []),
  ]
}

function notCapturing(source: string, proxyOf: (input: MeshInput) => Container | undefined): Rule {
  return sound('Does the sidecar capture traffic?', source, (input) => {
    const proxy = proxyOf(input)
    if (proxy === undefined) return []
    const message = 'the sidecar captures nothing: the application may talk to anybody directly'
    return [{ id: 'non-capturing-sidecar', path: proxy.path, message }]
  })
}
