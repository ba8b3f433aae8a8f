import { replace } from '../../../model/language/patch.ts'
import type { Program, Step } from '../../../model/language/program.ts'
import type { Mutator } from './mutator.ts'
import { mutantsOf, type PlacedChange } from './places.ts'
import { entryLists, functionOf, lockingOf } from './statements.ts'

/**
 * Decides each test of the kernel beforehand: as if the condition of an `if` were always true, or never. A step that
 * waits no longer waits; one that takes a lock is left to the other changes. Conditions are functions, so a conjunct of
 * one cannot be removed by itself.
 */
export const fixGuards: Mutator = {
  id: 'guard',
  mutants: (programs) => mutantsOf(programs, guardsOf),
}

function guardsOf(program: Program<never>): PlacedChange[] {
  return entryLists(program).flatMap(({ prefix, outside, entries }) =>
    entries.flatMap((entry): PlacedChange[] => {
      if (entry.kind !== 'step' || lockingOf(entry) !== null) return []
      const fn = functionOf(entry, outside)
      if (fn === null) return []
      return fixedTests(entry).map(({ how, step }) => ({
        id: `${entry.name} ${how} in ${fn}()`,
        shows: typeof entry.about.shows === 'string' ? entry.about.shows : null,
        path: prefix + entry.name,
        patches: [replace(prefix + entry.name, step)],
        equivalent: null,
      }))
    }),
  )
}

/** The step with each of its tests decided. With several tests they are counted from 1. */
function fixedTests({ within: _, ...step }: Step<never>): { how: string; step: Step<never> }[] {
  const { cases } = step
  const tests = cases.flatMap(({ when }, n) => (when === undefined ? [] : [n]))
  return tests.flatMap((n) => {
    const { when: __, ...decided } = cases[n]
    const which = tests.length === 1 ? '' : ` (test ${tests.indexOf(n) + 1})`
    const always = { how: `always true${which}`, step: { ...step, cases: [...cases.slice(0, n), decided] } }
    const rest = cases.filter((___, k) => k !== n)
    return rest.length === 0
      ? [{ ...always, how: `without waiting${which}` }]
      : [always, { how: `never true${which}`, step: { ...step, cases: rest } }]
  })
}
