import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'

const { TARGETS } = (await import(new URL('../../.ci/mutants/targets.mjs', import.meta.url).href)) as {
  TARGETS: Record<string, { mutate: string[]; tests: string[] }>
}

it('every file that npm run mutants names exists', () => {
  const named = Object.values(TARGETS).flatMap(({ mutate, tests }) => [...mutate, ...tests])
  expect(named.length).toBeGreaterThan(20)
  // A range of lines may follow the name.
  const files = named.map((name) => name.replace(/:\d+-\d+$/, ''))
  expect(files.filter((file) => !existsSync(file))).toEqual([])
})
