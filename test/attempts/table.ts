// SPDX-License-Identifier: Apache-2.0
// Every attempt there is.
import type { Attempt } from './attempt.ts'
import { code } from './table/code.ts'
import { files } from './table/files.ts'
import { identity } from './table/identity.ts'
import { mounts } from './table/mounts.ts'
import { names } from './table/names.ts'
import { privilege } from './table/privilege.ts'
import { scripts } from './table/scripts.ts'

export const sections: Record<string, readonly Attempt[]> = {
  'by another name, or none': names,
  'other content, mounts, roots': mounts,
  'scripts and interpreters': scripts,
  'code without exec': code,
  'out of its identity': identity,
  'privilege, and other processes': privilege,
  files,
}
export const attempts: readonly Attempt[] = Object.values(sections).flat()
