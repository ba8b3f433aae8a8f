// Runs the tests on more random systems and larger cells than `npm test` does; arguments go to vitest.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const { status } = spawnSync(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
  env: { ...process.env, MMUCHECK_TESTS: 'long' },
  stdio: 'inherit',
})
process.exitCode = status ?? 1
