import { defineConfig } from 'vitest/config'

const unit = [
  'policies',
  'runtime',
  'webhook',
  'enforcer',
  'controller',
  'cli',
  'scripts',
  'examples',
].map((folder) => `${folder}/**/*.test.ts`)

/** In a virtual machine without KVM everything takes that many times as long. */
const slower = Number(process.env['UNDERPIN_SLOWER'] ?? 1)

export default defineConfig({
  test: {
    projects: [
      {
        // The limit ends what hangs; on a busy machine the longest take several seconds.
        test: {
          name: 'unit',
          include: unit,
          exclude: ['**/node_modules/**', 'dist/**'],
          testTimeout: 60_000,
        },
      },
      {
        // Kernel tests share one kernel: one file at a time, so that figures and counters are theirs.
        test: {
          name: 'kernel',
          include: ['test/kernel/**/*.test.ts', 'test/attempts/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000 * slower,
          hookTimeout: 60_000 * slower,
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
      {
        // Each file starts an API server of its own.
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 180_000,
        },
      },
      {
        // A node and its cluster; each step waits for an emulated processor.
        test: {
          name: 'node',
          include: ['test/node/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 600_000 * slower,
          hookTimeout: 900_000 * slower,
        },
      },
    ],
  },
})
