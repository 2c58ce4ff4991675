// SPDX-License-Identifier: Apache-2.0
// Containers that are started one after the other with a first program that policy denies: how many there were, that none
// of these programs ran, and that the kernel has counted each of them.
import { expect } from 'vitest'
import { until } from './control-plane.ts'
import { patience } from './network.ts'
import type { Release } from './release.ts'
import type { World } from './world.ts'

const program = '/tmp/first'
const start =
  `ctr run --rm test.underpin.dev/tools:1 loop-$i ${program} >>/run/node/loop.log 2>&1 && ran=$((ran + 1)); ` +
  'echo "$i $ran" >/run/node/loop.count'

export class Loop {
  private readonly world: World
  private readonly release: Release
  private before = 0
  private count = 0

  constructor(world: World, release: Release) {
    this.world = world
    this.release = release
  }

  private async prepare(): Promise<void> {
    this.before = await this.release.denials(program)
    await this.sh('rm -f /run/node/loop.*')
  }

  private sh = (command: string, seconds = 60) =>
    this.world.machine.must(this.world.ctr(command), seconds)

  /** So many, now. */
  async run(count: number): Promise<void> {
    await this.prepare()
    await this.sh(`ran=0; for i in $(seq ${count}); do ${start}; done`, 60 + count * 20)
    await this.look()
    expect(this.count).toBe(count)
  }

  /** One after the other, until `end`; with pauses, since the node has one slow processor for all that it does. */
  async begin(): Promise<void> {
    await this.prepare()
    const each = `i=$((i + 1)); ${start}; sleep 4`
    await this.sh(
      `(i=0; ran=0; while [ ! -e /run/node/loop.end ]; do ${each}; done; touch /run/node/loop.over) </dev/null >/dev/null 2>&1 &`,
    )
  }

  /** Answers how many there were. */
  async end(): Promise<number> {
    await this.sh(
      `touch /run/node/loop.end; for i in $(seq ${200 * patience}); do [ -e /run/node/loop.over ] && break; sleep 0.3; done`,
      60,
    )
    await this.look()
    return this.count
  }

  private async look(): Promise<void> {
    const [count = 0, ran] = (await this.sh('cat /run/node/loop.count'))
      .trim()
      .split(' ')
      .map(Number)
    expect(ran).toBe(0)
    this.count = count
  }

  /** By the kernel's own ledger. */
  async allDenied(): Promise<void> {
    await until(
      'every one is counted',
      async () => (await this.release.denials(program)) === this.before + this.count,
      10,
    )
  }
}
