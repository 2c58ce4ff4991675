// SPDX-License-Identifier: Apache-2.0
// The program: one command, its exit code, and one paragraph for whatever it throws.
import { cleanLines } from './clean-text.ts'
import { dispatch, explain } from './dispatch.ts'
import { processScreen } from './screen.ts'

// Whoever reads us may stop reading (head, less): that is not an error.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit()
    throw error
  })
const screen = processScreen()
try {
  process.exitCode = await dispatch(process.argv.slice(2), screen)
} catch (thrown) {
  const { text, exitCode } = explain(thrown, Boolean(process.env.UNDERPIN_DEBUG))
  screen.note(`underpin: ${cleanLines(text)}`)
  process.exitCode = exitCode
}
