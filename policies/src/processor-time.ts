// SPDX-License-Identifier: Apache-2.0
// For tests that something is quick: whatever else the machine does, it takes the same.

/** Milliseconds that this thread's processor works for `work`. */
export function processorMs(work: () => void): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}
