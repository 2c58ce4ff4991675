// SPDX-License-Identifier: Apache-2.0
// A check looks at one pod for one mesh and says every way around the sidecar that it finds.

import type { ClusterObjects } from '../cluster-objects.ts'
import type { Container } from '../containers.ts'
import type { Hit } from '../finding.ts'
import type { Namespace } from '../namespace.ts'
import type { Subject } from '../subject.ts'

export type CheckInput = {
  subject: Subject
  namespace: Namespace
  objects: ClusterObjects
  /** Users and groups whose traffic the redirect leaves alone, because the proxy runs as them. */
  exempt: {
    users: ReadonlySet<number>
    groups: ReadonlySet<number>
    /** Of an installation that nobody changed; some meshes have two. */
    usual: number
    alsoUsual?: number
  }
  /** The mesh's own container, so what it may do is its business. */
  own: (container: Container) => boolean
  /** Ports that the mesh never captures. */
  reserved: ReadonlySet<number>
  /** Annotations with which the mesh redirects interfaces of virtual machines and nested containers. */
  reroutes?: readonly string[]
}

export type Check = {
  /** "Is there … ?": yes when something is found. */
  question: string
  source: string
  find: (input: CheckInput) => Hit[]
}

/** How a container is called in a message. */
export function called(container: Container): string {
  const kind = { init: 'init container', native: 'init container', regular: 'container' }
  const words = container.kind === 'ephemeral' ? 'ephemeral container' : kind[container.kind]
  return `${words} "${container.name}"`
}
