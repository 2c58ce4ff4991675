// SPDX-License-Identifier: Apache-2.0
// What an attempt is: a real program (programs/*.c) that tries to get around a policy, in a container; the policy; and
// what must be in the report.
import type { ClusterSpec } from '../harness/sandbox.ts'
import type { Container } from './container.ts'
import type { Image } from './image.ts'

/** The decisions by which an attempt can be stopped; each is carried out by some mechanism, or by none. */
export type Need = 'exec' | 'code' | 'file' | 'privilege'

/** What an attempt finds, as its container sees it. */
export interface Where {
  image: Image
  /** Its cgroup, below /cgroup. */
  cgroup: string
  /** A process outside of every container and policy. */
  outsider: number
  /** A pin of ours that may be lost. */
  pin: string
}

export interface Attempt {
  name: string
  /** What it tries, in one sentence. */
  tries: string
  /** The program's name, if it is another one. */
  program?: string
  arguments?: (where: Where) => string[]
  /** Stopped by any of these; on a kernel where none has a mechanism, the state must say so. */
  needs: Need[]
  /** Where the state says this of a decision, the hook that stops it is missing. */
  unless?: RegExp
  policy: ClusterSpec | ((where: { image: Image }) => ClusterSpec)
  container?: Partial<Container>
  /** The rule to blame. */
  rule: string
  decision?: Need
  /** The executable that is reported; undefined: not looked at. */
  executable?: string | RegExp
  /** A process has been started in the container before. */
  late?: true
  /** Kernels of which one lacks what it tries do not offer it. */
  since?: string
  /** Nothing stops it: why, and where (left out: everywhere). A test fails when that is no longer so. */
  gap?: { on?: 'signal'; why: string }
  /** An attack on what is ours: refused whatever policy says, where the kernel has what that takes. */
  guarded?: true
  /** Why some kernels, of whatever version, do not offer what it tries. */
  mayLack?: string
  /** Starts processes by the thousand: left out in the guests that say so, since an emulated processor takes a minute. */
  floods?: true
}

/** What most policies of attempts allow. */
export const allowed = ['/bin/try', '/bin/good', '/bin/loads', '/bin/sh']
export const paths = (...more: string[]): ClusterSpec => ({
  processes: [{ exe: [...allowed, ...more] }],
})
/** The same, and code from the image only. */
export const fromImage = (...more: string[]): ClusterSpec => ({ ...paths(...more), code: 'image' })
