// SPDX-License-Identifier: Apache-2.0
// Denied execs in a tight loop: how many were refused, how many killed, and how many ran an instruction of their own.
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { documents, type Sandbox } from '../harness/sandbox.ts'
import type { Image } from './image.ts'

export interface Tally {
  refused: number
  killed: number
  ran: number
}

const program = (image: Image, name: string) => join(image.folder, 'bin', name)

/** `box` may run the storm and nothing else, `flood` the flood; in `open` what the storm starts is allowed. */
export function stormPolicies(s: Sandbox, image: Image): string {
  const exe = [program(image, 'try')]
  return documents(
    s.policy('box', 'box', { processes: [{ exe }] }),
    s.policy('flood', 'flood', { processes: [{ exe, egress: [] }] }),
    s.policy('open', 'open', { processes: [{ exe: [...exe, program(image, 'trap')] }] }),
  )
}

export async function storm(
  s: Sandbox,
  image: Image,
  cgroup: 'box' | 'open',
  count: number,
  workers = 2,
): Promise<Tally> {
  const argv = [program(image, 'try'), 'storm', program(image, 'trap'), `${count}`, `${workers}`]
  const { stdout, stderr } = await s.run(cgroup, argv, { timeout: 3_600_000 })
  const [refused = NaN, killed = NaN, ran = NaN] = stdout.trim().split(' ').map(Number)
  if (Number.isNaN(ran)) throw new Error(`the storm ended with "${stdout}" ${stderr}`)
  return { refused, killed, ran }
}

/** Denied connections, as many as there is time for, until it is killed. */
export const flood = (s: Sandbox, image: Image): ChildProcess =>
  s.spawn('flood', [program(image, 'try'), 'flood'], { stdio: 'ignore' })
