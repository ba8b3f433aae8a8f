import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { kernels } from '../model/kernels/kernels.ts'
import { namesBeside } from '../model/language/named-steps.ts'
import { namesIn } from '../model/language/program.ts'
import { scenarios } from '../model/scenarios/index.ts'

/** Paths of the steps and program counters of all scenarios, on each kernel, by thread kind. */
const known = new Map<string, Set<string>>()
for (const kernel of kernels) {
  for (const scenario of scenarios.filter((each) => kernel.lacks(each) === null)) {
    for (const program of kernel.on(scenario).programs?.() ?? []) {
      const paths = known.get(program.kind) ?? new Set()
      known.set(program.kind, paths)
      for (const path of namesIn(program)) paths.add(path)
    }
  }
}

/** How properties and their helpers refer to program counters and steps. */
const PLACES = [String.raw`\bat\.(\w+)\[[^\]]*\]`, String.raw`\bstep\.path()`, String.raw`\bpath()`]

const folder = import.meta.dirname
const files = readdirSync(folder, { encoding: 'utf8', recursive: true }).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
)

describe('the steps named in a file of properties', () => {
  it.each(files)('exist in some scenario: %s', (file) => {
    const source = readFileSync(join(folder, file), 'utf8')
    for (const place of PLACES) {
      for (const { kind, text, isMeant } of namesBeside(source, place)) {
        const paths =
          kind === null ? [...known.values()].flatMap((all) => [...all]) : [...(known.get(kind) ?? [])]
        expect(paths.some(isMeant), `${kind ?? 'any'}: ${text}`).toBe(true)
      }
    }
  })

  it('are found where they are known to be', () => {
    const found = files.flatMap((file) => {
      const source = readFileSync(join(folder, file), 'utf8')
      return PLACES.flatMap((place) => namesBeside(source, place).map(({ text }) => text))
    })
    expect(found).toEqual(
      expect.arrayContaining(['RUN.9', 'RUN.1/', 'PF/SET.4', 'TDP/P12', '/PF.2 inject', 'HW.3']),
    )
  })
})
