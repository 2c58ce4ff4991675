// SPDX-License-Identifier: Apache-2.0
// One question to policy, as plain data, and its answer. The kernel asks the same questions in its own form.
import type { ProtocolName } from './port.ts'

/** `exe` is the process's current image (the interpreter of a script), `from` the image that called exec; null: could not be resolved. */
type Who = { exe: string | null; from: string | null }
type Protocol = ProtocolName | number

export type Decision =
  /** Starting an executable; `script` is the file whose #! line named it. */
  | (Who & { kind: 'exec'; script?: string })
  /** Connecting or sending; `address` is what the process asked for. */
  | (Who & { kind: 'egress'; protocol: Protocol; address: string; port: number })
  /** Accepting from the remote `address` on the local `port`. */
  | (Who & { kind: 'ingress'; protocol: Protocol; address: string; port: number })
  /** Taking a local port. */
  | (Who & { kind: 'bind'; protocol: Protocol; port: number })
  /** Speaking an application protocol. */
  | (Who & { kind: 'protocol'; protocol: 'stratum' })

/** `policy` and `path` name the rule that decided; absent where no policy had a say. */
export type Verdict = { verdict: 'allow' | 'deny'; policy?: string; path?: string }

/** `enforced`: now. `audited`: if every audit policy were enforced. */
export type Verdicts = { enforced: Verdict; audited: Verdict }
