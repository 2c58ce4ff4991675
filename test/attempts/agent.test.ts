// SPDX-License-Identifier: Apache-2.0
// Against the agent itself, from a privileged container that sees the host's processes: signals may end or stop it, and
// what is in force stays in force.
import { constants } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { documents, Sandbox } from '../harness/sandbox.ts'
import { paths } from './attempt.ts'
import { Stage } from './container.ts'
import { makeImage } from './image.ts'

let s: Sandbox
let stage: Stage

beforeAll(async () => {
  const image = makeImage()
  s = new Sandbox()
  stage = await Stage.make(image, join(s.files, 'stage'))
  await s.start(documents(s.policy('box', 'box', paths())), { child: true })
}, 300_000)
afterAll(() => {
  stage.close()
  s.close()
})

const denials = () =>
  s
    .records()
    .filter(({ executable, rule }) => executable === '/bin/evil' && rule === 'spec.processes')
    .reduce((sum, { count }) => sum + count, 0)

/** Where the kernel can refuse, the agent is out of reach, and it is the host's root who signals it. */
const isOutOfReach = () =>
  s.current().mechanisms.some((row) => row.decision === 'guard' && row.mechanism !== 'none')

async function signalsAndRuns(signal: number): Promise<string> {
  const container = { cgroup: s.folder('box'), hostProcesses: true }
  const before = denials()
  const argv = ['/bin/try', 'signals_agent', `${s.child?.pid}`, `${signal}`]
  const { marks, output, status } = await stage.run(container, argv)
  expect(status, output).toBe(0)
  expect(marks).not.toContain('ran')
  expect(denials() - before).toBe(20)
  return output
}

test.for(['SIGSTOP', 'SIGKILL'] as const)(
  '%s to the agent: nothing forbidden runs, and each denial is counted',
  async (name) => {
    const output = await signalsAndRuns(constants.signals[name])
    if (isOutOfReach()) {
      expect(output).toContain('kill: Operation not permitted')
      expect(s.child?.kill(name)).toBe(true)
      await signalsAndRuns(0)
    } else {
      expect(output).toContain('kill: done')
    }
    if (name === 'SIGSTOP') s.child?.kill('SIGCONT')
  },
)
