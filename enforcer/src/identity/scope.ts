// SPDX-License-Identifier: Apache-2.0
// Scopes of subjects as the kernel numbers them.
import { Scope } from '../kernel/abi.gen.ts'

export const scopeNumber = { pod: Scope.POD, unmanaged: Scope.UNMANAGED, host: Scope.HOST } as const

export const scopeName: Record<number, 'pod' | 'unmanaged' | 'host' | 'none'> = {
  [Scope.NONE]: 'none',
  [Scope.POD]: 'pod',
  [Scope.UNMANAGED]: 'unmanaged',
  [Scope.HOST]: 'host',
}
