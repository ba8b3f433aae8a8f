import { insert } from '../../../model/language/patch.ts'
import type { Entry, Program, Step } from '../../../model/language/program.ts'
import type { Mutator } from './mutator.ts'
import { mutantsOf, type PlacedChange } from './places.ts'
import { entryLists, functionOf, lockingOf } from './statements.ts'

/**
 * Splits each critical section between two of its statements: the lock is dropped and taken again there. Sections are
 * those that begin and end in one list of statements.
 */
export const splitSections: Mutator = {
  id: 'section',
  mutants: (programs) => mutantsOf(programs, splitsOf),
}

function splitsOf(program: Program<never>): PlacedChange[] {
  return entryLists(program).flatMap(({ prefix, outside, entries }) =>
    sectionsOf(entries).flatMap(({ from, to }) => {
      const taking = entries[from] as Step<never>
      const releasing = entries[to] as Step<never>
      return entries.slice(from + 2, to).flatMap((entry): PlacedChange[] => {
        if (entry.kind !== 'step' && entry.kind !== 'block') return []
        const fn = functionOf(entry, outside)
        if (fn === null) return []
        const path = prefix + entry.name
        const split = [again(releasing, entry), again(taking, entry)]
        return [
          {
            id: `${taking.name} and ${releasing.name} split before ${entry.name} in ${fn}()`,
            shows: null,
            path,
            patches: [insert({ before: path }, ...split)],
            equivalent: null,
          },
        ]
      })
    }),
  )
}

/** A copy of a step that takes or releases a lock, before an entry of the section. */
const again = ({ within: _, ...step }: Step<never>, { name }: Entry<never>): Step<never> => ({
  ...step,
  name: `${step.name} before ${name}`,
  cases: step.cases.map(({ to: __, ...rest }) => rest),
})

/** Positions at which a lock is taken and released in a list, without either between them. */
function sectionsOf(entries: readonly Entry<never>[]): { readonly from: number; readonly to: number }[] {
  return entries.flatMap((entry, from) => {
    const taken = lockingOf(entry)
    if (taken?.op !== 'lock') return []
    const next = entries.slice(from + 1).findIndex((each) => lockingOf(each)?.lock === taken.lock)
    const to = from + 1 + next
    return next >= 0 && lockingOf(entries[to])?.op === 'unlock' ? [{ from, to }] : []
  })
}
