import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// The tests of one target; run.mjs names them.
export default defineConfig({
  test: {
    include: (process.env.MUTANTS_TESTS ?? '').split(','),
    setupFiles: [fileURLToPath(new URL('setup.ts', import.meta.url))],
    testTimeout: 120_000,
  },
})
