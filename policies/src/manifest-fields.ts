// SPDX-License-Identifier: Apache-2.0
// Fields of Kubernetes objects that people write or export: what is missing has its default, what is something else than
// Kubernetes has there is a mistake with its place.
import { readAddress } from './address.ts'
import { complain, shown } from './complaint.ts'
import type { Labels } from './labels.ts'
import { protocols, type ProtocolName } from './port.ts'
import type { Mistake, Path } from './problem.ts'
import { at, isFields } from './walk.ts'

export class ManifestFields {
  readonly mistakes: Mistake[]
  private readonly value: unknown
  private readonly path: Path

  constructor(value: unknown, path: Path, mistakes: Mistake[]) {
    this.value = value
    this.path = path
    this.mistakes = mistakes
  }

  text(...steps: string[]): string | undefined {
    return this.typed(steps, 'a text', (value) => typeof value === 'string') as string | undefined
  }

  required(...steps: string[]): string {
    const found = this.text(...steps)
    if (found === undefined && at(this.value, ...steps) === undefined)
      this.wrong(steps, `no ${steps.join('.')}`, 'one', `add ${steps.join('.')}`)
    return found ?? ''
  }

  flag(...steps: string[]): boolean {
    return this.typed(steps, 'true or false', (value) => typeof value === 'boolean') === true
  }

  /** undefined: not said. */
  maybe(...steps: string[]): boolean | undefined {
    return this.typed(steps, 'true or false', (value) => typeof value === 'boolean') as
      boolean | undefined
  }

  port(...steps: string[]): number | undefined {
    return this.typed(steps, 'a port from 1 to 65535', isPort) as number | undefined
  }

  portOrName(...steps: string[]): number | string | undefined {
    return this.typed(
      steps,
      'a port from 1 to 65535 or its name',
      (value) => isPort(value) || typeof value === 'string',
    ) as number | string | undefined
  }

  protocol(...steps: string[]): ProtocolName {
    const found = this.typed(
      steps,
      'TCP, UDP or SCTP',
      (value) => value === 'TCP' || value === 'UDP' || value === 'SCTP',
    )
    return typeof found === 'string' && found in protocols ? (found as ProtocolName) : 'TCP'
  }

  labels(...steps: string[]): Labels {
    const found = this.typed(
      steps,
      'texts by name',
      (value) => isFields(value) && Object.values(value).every((one) => typeof one === 'string'),
    )
    return (found as Labels | undefined) ?? {}
  }

  list(...steps: string[]): ManifestFields[] {
    const found = this.typed(steps, 'a list', Array.isArray) as unknown[] | undefined
    return (found ?? []).map(
      (one, i) => new ManifestFields(one, [...this.path, ...steps, i], this.mistakes),
    )
  }

  /** Addresses; "None" and nothing are none. */
  addresses(...steps: string[]): string[] {
    return this.list(...steps).flatMap((one) => one.address())
  }

  address(...steps: string[]): string[] {
    const found = this.typed(
      steps,
      'an IPv4 or IPv6 address',
      (value) =>
        value === 'None' ||
        value === '' ||
        (typeof value === 'string' && readAddress(value) !== undefined),
    )
    return typeof found === 'string' && found !== '' && found !== 'None' ? [found] : []
  }

  has(...steps: string[]): boolean {
    const found = at(this.value, ...steps)
    return found !== undefined && found !== null
  }

  private typed(steps: string[], expected: string, test: (value: unknown) => boolean): unknown {
    const found = steps.length === 0 ? this.value : at(this.value, ...steps)
    if (found === undefined || found === null) return undefined
    if (test(found)) return found
    this.wrong(steps, shown(found), expected, 'correct it')
    return undefined
  }

  private wrong(steps: string[], found: string, expected: string, remedy: string): void {
    this.mistakes.push({
      path: [...this.path, ...steps],
      complaint: complain(found, expected, remedy),
    })
  }
}

const isPort = (value: unknown) =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536
