// SPDX-License-Identifier: Apache-2.0
// One question to policy, as plain data, and its answer. The kernel asks the same questions in its own form.
import type { Privilege, SocketUse } from './policy.gen.ts'
import type { ProtocolName } from './port.ts'

/** How a process came into its container: as (a child of) its first program, or started later by the runtime. */
export type StartedBy = 'entrypoint' | 'exec'

/** first: about starting a container's first program itself, and none that this starts. */
export type Asked = StartedBy | 'first'

/** image: a file of the container image's own layers. other: any other file. memory: no file, or changed pages of one. */
export type Origin = 'image' | 'other' | 'memory'

/**
 * `exe` is the process's current image (the interpreter of a script), `from` the image that called exec; null: could not be
 * resolved. `startedBy` left out: not known.
 */
type Who = { exe: string | null; from: string | null; startedBy?: Asked }
export type Access = 'read' | 'write'

type Protocol = ProtocolName | number

export type Decision =
  /**
   * Starting an executable; `script` is the file whose #! line named it. Their origins left out: from the image.
   */
  | (Who & {
      kind: 'exec'
      script?: string
      origin?: 'image' | 'other'
      scriptOrigin?: 'image' | 'other'
    })
  /** Making memory executable. */
  | (Who & { kind: 'code'; origin: Origin })
  /** Opening a file; null: its path could not be resolved. `moves`: it is renamed, and all that is below it. */
  | (Who & { kind: 'file'; path: string | null; access: readonly Access[]; moves?: boolean })
  /** A privileged act. */
  | (Who & { kind: 'privilege'; privilege: Privilege })
  /** Talking in a way that has no addresses of ours: another socket family, raw packets, changing the network. */
  | (Who & { kind: 'socket'; use: SocketUse })
  /**
   * Connecting or sending; `address` is what the process asked for, `names` those by which the subject's resolvers told it
   * this address, as long as they count.
   */
  | (Who & {
      kind: 'egress'
      protocol: Protocol
      address: string
      port: number
      names?: readonly string[]
    })
  /** Accepting from the remote `address` on the local `port`. `looped`: it came over the subject's own loopback device. */
  | (Who & {
      kind: 'ingress'
      protocol: Protocol
      address: string
      port: number
      looped?: boolean
    })
  /** Taking a local port. */
  | (Who & { kind: 'bind'; protocol: Protocol; port: number })
  /** Speaking an application protocol. */
  | (Who & { kind: 'protocol'; protocol: 'stratum' })

/** `policy` and `path` name the rule that decided; absent where no policy had a say. */
export type Verdict = { verdict: 'allow' | 'deny'; policy?: string; path?: string }

/** `enforced`: now. `audited`: if every audit policy were enforced. */
export type Verdicts = { enforced: Verdict; audited: Verdict }
