// SPDX-License-Identifier: Apache-2.0
// The checks of every injected pod, in the order in which their findings are reported.

import { channels } from './channels.ts'
import { escapes } from './escapes.ts'
import { identity } from './identity.ts'
import { networks } from './networks.ts'
import { privileges } from './privileges.ts'
import { sockets } from './sockets.ts'
import type { Check } from './check.ts'

/** For a mesh whose sidecar captures traffic. */
export const captureChecks: readonly Check[] = [
  identity,
  privileges,
  channels,
  networks,
  escapes,
  sockets,
]

/** For a sidecar that captures nothing: there is no redirect to get around. */
export const presenceChecks: readonly Check[] = []
