import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{model,properties,explorer,counterexamples}/**/*.test.ts'],
    testTimeout: 120_000,
  },
})
