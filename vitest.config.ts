import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const conditions = ['@sluice/source', 'module', 'node', 'development|production']

// The long run searches a hundred times further.
const limitMs = process.env.SLUICE_LONG === undefined ? 60_000 : 1_800_000

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    setupFiles: ['test/setup.ts'],
    // The slowest files wait for child processes and the disk: on two cores, too, two run at once.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // No test measures time; this only ends one that hangs, on however loaded a machine.
    testTimeout: limitMs,
    hookTimeout: limitMs,
  },
})
