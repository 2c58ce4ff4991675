// SPDX-License-Identifier: Apache-2.0
// What tests need of a kernel, and the first kernel that has it: the only reason for which a test is left out. On any
// kernel of that version or newer a test that lacks the feature fails.
import { youngerHooks } from '../../enforcer/src/kernel/programs.ts'
import { kernelAtLeast } from './sandbox.ts'

export const features = {
  /** A hook for making user namespaces. */
  userNamespaceHook: youngerHooks['userns_create']?.since ?? '',
  /** The kernel tells how many instructions its verifier walked. */
  walkedInstructions: '5.16',
} as const

/** For `test.runIf`. */
export const has = (feature: keyof typeof features): boolean => kernelAtLeast(features[feature])
