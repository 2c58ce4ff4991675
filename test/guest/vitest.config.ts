// SPDX-License-Identifier: Apache-2.0
// How kernel tests run in a guest, where code takes ten times as long: one after the other in one process, so that Node.js
// and the project are loaded once for all files, and as they are, since transforming them takes as long again.
import { defineConfig } from 'vitest/config'

/** How many times slower a guest is than its host. */
const slower = Number(process.env['UNDERPIN_SLOWER'] ?? 1)

export default defineConfig({
  test: {
    name: 'kernel',
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/kernel/**/*.test.ts', 'test/attempts/**/*.test.ts'],
    fileParallelism: false,
    isolate: false,
    testTimeout: 60_000 * slower,
    hookTimeout: 60_000 * slower,
    experimental: { viteModuleRunner: false, nodeLoader: false },
  },
})
