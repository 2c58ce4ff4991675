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

test.for(['SIGSTOP', 'SIGKILL'] as const)(
  '%s to the agent: nothing forbidden runs, and each denial is counted',
  async (name) => {
    const container = { cgroup: s.folder('box'), hostProcesses: true }
    const signal = `${constants.signals[name]}`
    const argv = ['/bin/try', 'signals_agent', `${s.child?.pid}`, signal]
    const before = denials()
    const { marks, output, status } = await stage.run(container, argv)
    expect(status, output).toBe(0)
    expect(output).toContain('kill: done')
    expect(marks).not.toContain('ran')
    expect(denials() - before).toBe(20)
    if (name === 'SIGSTOP') s.child?.kill('SIGCONT')
  },
)
