import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const conditions = ['@sluice/source', 'module', 'node', 'development|production']

// The long run searches a hundred times further.
const limitMs = process.env.SLUICE_LONG === undefined ? 60_000 : 1_800_000

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    exclude: ['**/node_modules/**', '**/dist/**'],
    setupFiles: ['test/setup.ts'],
    // The slowest files wait for child processes and the disk: on two cores, too, two run at once.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // No test measures time; this only ends one that hangs, on however loaded a machine.
    testTimeout: limitMs,
    hookTimeout: limitMs,
    projects: [
      // They leave nothing behind, so a worker loads the sources once for all of its files: that took as long as the tests.
      {
        extends: true,
        test: { name: 'unit', include: ['packages/*/src/**/*.test.ts'], isolate: false },
      },
      { extends: true, test: { name: 'whole', include: ['test/**/*.test.ts'] } },
    ],
  },
})
