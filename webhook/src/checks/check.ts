// SPDX-License-Identifier: Apache-2.0
// A check looks at one pod for one mesh and says every way around the sidecar that it finds.

import type { Container } from '../containers.ts'
import type { Hit } from '../finding.ts'
import type { Subject } from '../subject.ts'

export type CheckInput = {
  subject: Subject
  /** Users and groups whose traffic the redirect leaves alone, because the proxy runs as them. */
  exempt: { users: ReadonlySet<number>; groups: ReadonlySet<number>; usual: number }
  /** The mesh's own container, so what it may do is its business. */
  own: (container: Container) => boolean
  /** Ports that the mesh never captures. */
  reserved: ReadonlySet<number>
}

export type Check = (input: CheckInput) => Hit[]

/** How a container is called in a message. */
export function called(container: Container): string {
  const kind = { init: 'init container', native: 'init container', regular: 'container' }
  const words = container.kind === 'ephemeral' ? 'ephemeral container' : kind[container.kind]
  return `${words} "${container.name}"`
}
