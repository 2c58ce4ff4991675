// SPDX-License-Identifier: Apache-2.0
// The built program, and what a process takes, as the kernel counts it.
import { readdirSync, readFileSync } from 'node:fs'

export const program = new URL('../cli/bin/underpin', import.meta.url).pathname

/** MiB. */
export const resident = (pid: number): number =>
  Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** Seconds on a processor, of all threads. */
export const cpuSeconds = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, task) => {
    const text = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8')
    return sum + Number(text.split(' ')[0]) / 1e9
  }, 0)

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
