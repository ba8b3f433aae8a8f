import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, it } from 'vitest'

/** Code that only tests use is in a folder called `testing`, where a reader of the program can skip it. */

const root = join(import.meta.dirname, '..', '..')
const { stdout } = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
const files = stdout.split('\n').filter((name) => /\.(?:tsx?|mjs|cjs)$/.test(name))

/** Folders whose files are run on their own, or only ever serve as something to compare with. */
const SEPARATE =
  /^(?!explorer\/|model\/|properties\/|counterexamples\/)|^explorer\/(?:bench|oracles|stress)\//
const IS_FOR_TESTS = /\.test\.ts$|(?:^|\/)testing\//
/** Entry points: packed, started or bundled by name. */
const IS_ENTRY = /(?:^|\/)(?:index|main|[a-z-]+-main|search-thread)\.tsx?$|\.cjs$/

/** Files that `text` imports, starts or names by their path. */
function usedBy(file: string, text: string): string[] {
  const relative = [...text.matchAll(/'(\.{1,2}\/[^'\n]+\.(?:tsx?|mjs|cjs))'/g)].map(([, to]) =>
    normalize(join(dirname(file), to)),
  )
  const named = [...text.matchAll(/\b(?:explorer|model|properties|counterexamples)\/[\w/.-]+\.tsx?\b/g)]
  return [...relative, ...named.map(([path]) => path)]
}

/** Files outside `testing/` that nothing but tests uses. */
function misplaced(sources: ReadonlyMap<string, string>): string[] {
  const users = [...sources].filter(([file]) => !IS_FOR_TESTS.test(file))
  const used = new Set(users.flatMap(([file, text]) => usedBy(file, text)))
  return users.map(([file]) => file).filter((f) => !SEPARATE.test(f) && !IS_ENTRY.test(f) && !used.has(f))
}

it('only tests import what is in testing/, and nothing else is used by tests alone', () => {
  expect(files.length).toBeGreaterThan(500)
  const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))
  expect(misplaced(sources)).toEqual([])
})

it('a helper beside the code that it helps to test is noticed', () => {
  const sources = new Map([
    ['explorer/a/a.ts', "import { b } from './b.ts'"],
    ['explorer/a/index.ts', "export { a } from './a.ts'"],
    ['explorer/a/b.ts', ''],
    ['explorer/a/helper.ts', ''],
    ['explorer/a/testing/other.ts', ''],
    ['explorer/a/a.test.ts', "import { help } from './helper.ts'"],
  ])
  expect(misplaced(sources)).toEqual(['explorer/a/helper.ts'])
})
