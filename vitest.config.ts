import { defineConfig } from 'vitest/config'

const unit = ['policies', 'runtime', 'webhook', 'enforcer', 'cli', 'scripts', 'examples'].map(
  (folder) => `${folder}/**/*.test.ts`,
)

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: unit, exclude: ['**/node_modules/**', 'dist/**'] } },
      {
        // Kernel tests share one kernel: one file at a time, so that figures and counters are theirs.
        test: {
          name: 'kernel',
          include: ['test/kernel/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
