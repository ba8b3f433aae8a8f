import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { pagePlugin } from './.ci/page.mjs'

/** Files that only `npm run test:long` runs, as CI does: they start many processes, or search for long. */
const LONG_ONLY = [
  'explorer/cli/asserted-counters.test.ts',
  'explorer/cli/build.test.ts',
  'explorer/cli/lost-output.test.ts',
  'explorer/cli/package.test.ts',
  'explorer/cli/queue/queue.test.ts',
  'explorer/cli/queue/shards.test.ts',
  'explorer/cli/shared-search.test.ts',
  'explorer/gate/pull-requests.test.ts',
  'explorer/oracles/engines.test.ts',
  'explorer/search/liveness/random.test.ts',
]
const isLong = process.env.MMUCHECK_TESTS === 'long'

const ROOMS = ['model', 'properties', 'explorer', 'counterexamples']
const files = ROOMS.flatMap((room) =>
  readdirSync(join(import.meta.dirname, room), { recursive: true, encoding: 'utf8' }).map(
    (path) => `${room}/${path}`,
  ),
).filter((path) => path.endsWith('.test.ts') && (isLong || !LONG_ONLY.includes(path)))

/** The longest files: they have to begin first, or one core waits for them at the end. */
const LONGEST = ['explorer/gate/verdict-table.test.ts', 'explorer/gate/reductions.test.ts']

/** What a test changes for every other file in its process: code that it replaces, the working directory. */
const CHANGES_THE_PROCESS = /\bvi\.|process\.chdir\(/

const alone = files.filter(
  (path) =>
    LONGEST.includes(path) || CHANGES_THE_PROCESS.test(readFileSync(join(import.meta.dirname, path), 'utf8')),
)

export default defineConfig({
  plugins: [pagePlugin()],
  test: {
    testTimeout: 120_000,
    setupFiles: ['.ci/laws.ts'],
    maxWorkers: '100%',
    projects: [
      // Projects run in the order of their names.
      { extends: true, test: { name: 'alone', include: alone } },
      // Loading the model takes longer than most tests: the other files share one process per core.
      {
        extends: true,
        test: { name: 'shared', isolate: false, include: files.filter((path) => !alone.includes(path)) },
      },
    ],
  },
})
