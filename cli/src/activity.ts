// SPDX-License-Identifier: Apache-2.0
// A ledger row in the words of the report: what was tried, and what enforcing does about that.
import type { LedgerRecord } from '../../enforcer/src/index.ts'
import { clean } from './clean-text.ts'
import type { ExecMechanism } from './enforcer.ts'

/** A refused connect sends nothing: packets of TCP belong to a connection that was there before. */
const isOpenConnection = ({
  decision,
  hook,
  target,
}: Pick<Tried, 'decision' | 'hook' | 'target'>) =>
  decision === 'egress' && hook === 'packet' && target?.protocol === 'TCP'

type Tried = Pick<LedgerRecord, 'decision' | 'hook' | 'target' | 'other'> &
  Partial<
    Pick<LedgerRecord, 'name' | 'origin' | 'file' | 'access' | 'privilege' | 'socket' | 'attacked'>
  >

const restOf: Record<LedgerRecord['decision'], string> = {
  exec: 'other executables',
  egress: 'other destinations',
  ingress: 'other sources',
  bind: 'other ports',
  protocol: 'other mining connections',
  code: 'other code',
  file: 'other files',
  privilege: 'other privileges',
  socket: 'other ways to talk',
  guard: 'other attacks on Underpin',
}

/** exec, connect to 10.0.0.1:443/TCP, listen on 80/TCP … */
export function triedText(tried: Tried): string {
  const { decision, hook, target, other, origin } = tried
  if (other) return `${restOf[decision]} (no room for rows of their own)`
  const file = clean(tried.file ?? '(a file without a known path)')
  switch (decision) {
    case 'exec':
      return origin === 'other' ? 'exec of a file that is not from the image' : 'exec'
    case 'code':
      return origin === 'memory' ? 'make memory executable' : `map ${file} as code`
    case 'file':
      return `open ${file} for ${accessText(tried.access ?? [])}`
    case 'privilege':
      return `use the privilege ${clean(tried.privilege ?? 'unknown')}`
    case 'socket':
      return socketText(tried)
    case 'guard':
      return attackTexts[tried.attacked ?? 'map']
  }
  const protocol = clean(target?.protocol ?? 'any protocol')
  const at = (address: string | null) => {
    const host =
      address === null ? 'an unknown address' : address.includes(':') ? `[${address}]` : address
    const place =
      target?.port == null ? `${host} ${protocol}` : `${host}:${target.port}/${protocol}`
    return tried.name === undefined ? place : `${clean(tried.name)} (${place})`
  }
  const address = target?.address ?? null
  const port = `port ${target?.port ?? 'any'}/${protocol}`
  switch (decision) {
    case 'egress':
      if (isOpenConnection({ decision, hook, target }))
        return `open connection to ${at(address)} (packets)`
      return hook === 'packet'
        ? `packets to ${at(address)}`
        : `${hook === 'connect' ? 'connect' : 'send'} to ${at(address)}`
    case 'ingress':
      return `${hook === 'packet' ? 'packets' : 'connection'} from ${address ?? 'an unknown address'} on ${port}`
    case 'bind':
      return `listen on ${port}`
    case 'protocol':
      return `mining handshake with ${at(address)}`
  }
}

const attackTexts: Record<NonNullable<LedgerRecord['attacked']>, string> = {
  map: 'get at a map of Underpin',
  program: 'get at a program of Underpin',
  link: 'get at a link of Underpin',
  pin: 'open, change or remove a pin of Underpin',
  mount: 'unmount or hide the pins of Underpin',
  'agent-signal': 'send a signal to the agent of Underpin',
  'agent-trace': 'trace the agent of Underpin',
  'agent-process': 'change a setting of the agent of Underpin',
  'agent-cgroup': 'freeze, kill, limit or move the agent of Underpin by its cgroup',
}

function socketText({ socket = 'unknown', hook }: Tried): string {
  if (socket === 'network-admin') return 'change the network (network-admin)'
  return `${hook === 'receive' ? 'receive' : 'open'} a socket: ${clean(socket)}`
}

const accessText = (access: readonly string[]): string =>
  access.includes('write')
    ? access.includes('read')
      ? 'reading and writing'
      : 'writing'
    : 'reading'

/** Present and past of what enforcing does: "kills the exec", "killed". */
interface Effect {
  does: string
  done: string
}

export function effectOf(
  { decision, hook, target }: Pick<Tried, 'decision' | 'hook' | 'target'>,
  mechanism: ExecMechanism,
): Effect {
  if (decision === 'exec') {
    if (mechanism === 'signal')
      return { does: 'kills the process before its first instruction', done: 'killed' }
    if (mechanism === 'none') return { does: 'records the exec', done: 'recorded' }
    return { does: 'denies the exec', done: 'denied' }
  }
  if (decision === 'code') return { does: 'refuses the mapping', done: 'refused' }
  if (decision === 'file') return { does: 'refuses to open the file', done: 'refused' }
  if (decision === 'privilege') return { does: 'refuses the privilege', done: 'refused' }
  if (decision === 'socket')
    return hook === 'receive'
      ? { does: 'refuses to hand it over', done: 'refused' }
      : { does: 'refuses it', done: 'refused' }
  if (decision === 'guard') return { does: 'refuses it', done: 'refused' }
  if (decision === 'protocol') return { does: 'cuts the connection', done: 'cut' }
  if (isOpenConnection({ decision, hook, target }))
    return { does: 'cuts the connection: drops its packets', done: 'cut' }
  if (hook === 'packet') return { does: 'drops the packets', done: 'dropped' }
  if (decision === 'bind') return { does: 'refuses the port', done: 'refused' }
  return {
    does: hook === 'connect' ? 'refuses the connection' : 'refuses the message',
    done: 'refused',
  }
}
