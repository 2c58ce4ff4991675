// SPDX-License-Identifier: Apache-2.0
// The checks of every injected pod, in the order in which their findings are reported.

import { channels } from './channels.ts'
import { identity } from './identity.ts'
import { privileges } from './privileges.ts'
import type { Check } from './check.ts'

export const checks: readonly Check[] = [identity, privileges, channels]
