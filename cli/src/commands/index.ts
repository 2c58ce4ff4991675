// SPDX-License-Identifier: Apache-2.0
// Every command, in the order of the overview.
import type { Command } from '../command.ts'
import { disarm } from './disarm.ts'
import { doctor } from './doctor.ts'
import { enforce } from './enforce.ts'
import { explain } from './explain.ts'
import { observe } from './observe.ts'
import { policyCheck } from './policy-check.ts'
import { policyPlan } from './policy-plan.ts'
import { promote } from './promote.ts'
import { report } from './report.ts'
import { scan } from './scan.ts'
import { status } from './status.ts'
import { webhook } from './webhook.ts'

export const commands: readonly Command[] = [
  enforce,
  status,
  report,
  promote,
  observe,
  webhook,
  scan,
  explain,
  policyCheck,
  policyPlan,
  doctor,
  disarm,
]
