import { jumpsTo } from '../../../model/language/machine.ts'
import { move } from '../../../model/language/patch.ts'
import type { Block, Entry, Program, Step } from '../../../model/language/program.ts'
import type { Mutator } from './mutator.ts'
import { mutantsOf, type PlacedChange } from './places.ts'
import { alwaysJumps, entryLists, functionOf, returnsOf } from './statements.ts'

/**
 * Swaps two statements of a function that follow one another: steps, or calls with all that the callee does. There is
 * no label between them, and neither always jumps: with a label or a `goto` between them one would not be swapped but
 * run more or less often.
 */
export const swapSteps: Mutator = {
  id: 'swap',
  mutants: (programs) => mutantsOf(programs, swapsOf),
}

function swapsOf(program: Program<never>): PlacedChange[] {
  const returns = returnsOf(program)
  return entryLists(program).flatMap(({ prefix, outside, entries }) => {
    const isStatement = (entry: Entry<never>): entry is Step<never> | Block<never> =>
      entry.kind === 'step'
        ? !alwaysJumps(entry)
        : entry.kind === 'block' && entry.entries.length > 0 && returns(prefix + entry.name)
    return entries.slice(1).flatMap((second, n): PlacedChange[] => {
      const first = entries[n]
      if (!isStatement(first) || !isStatement(second)) return []
      const fn = functionOf(first, outside)
      if (fn === null || functionOf(second, outside) !== fn) return []
      const path = prefix + second.name
      if (jumpsTo(program, path).length > 0) return []
      return [
        {
          id: `${second.name} before ${first.name} in ${fn}()`,
          shows: null,
          path,
          patches: [move(path, { before: prefix + first.name })],
          equivalent: isIdle(first) || isIdle(second) ? 'one of them only says where control goes' : null,
        },
      ]
    })
  })
}

/** Whether a step neither tests nor changes anything. */
const isIdle = (entry: Entry<never>): boolean =>
  entry.kind === 'step' &&
  entry.cases.every(({ when, does, to }) => when === undefined && does === undefined && to === undefined)
