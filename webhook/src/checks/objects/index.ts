// SPDX-License-Identifier: Apache-2.0
// The checks of objects beside the workloads, in the order in which their findings are reported.

import { access } from './access.ts'
import { debugContainers } from './debug-containers.ts'
import { injectorEntries } from './injector-entries.ts'
import { ownWebhook } from './own-webhook.ts'
import { platformSelectors } from './platform-selectors.ts'
import type { ObjectCheck } from './object-check.ts'

export const objectChecks: readonly ObjectCheck[] = [
  injectorEntries,
  platformSelectors,
  debugContainers,
  access,
  ownWebhook,
]
