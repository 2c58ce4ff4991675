// SPDX-License-Identifier: Apache-2.0
// The agent as a process of its own, so that a test can kill it: node agent.ts '{"policies": […], …}'.
// Standard output: one line of log each; "ready" says that the first plan is in force. SIGTERM ends it gracefully.
import { enforce, type EnforceOptions } from '../../enforcer/src/index.ts'
import { createLog, reasonOf } from '../../runtime/src/index.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as Omit<EnforceOptions, 'log'>
const log = createLog({ level: 'debug' })
try {
  const agent = await enforce({ ...options, log })
  process.on('SIGTERM', () => {
    agent.stop()
    process.exit(0)
  })
  log.info({ generation: agent.state().generation }, 'ready')
} catch (error) {
  log.error({ reason: reasonOf(error) }, 'failed')
  process.exitCode = 2
}
