import { drop, type Patch, replace } from '../../../model/language/patch.ts'
import { type Entry, entered, type Program, type Step } from '../../../model/language/program.ts'
import type { Mutator } from './mutator.ts'
import { mutantsOf, type PlacedChange } from './places.ts'
import { alwaysJumps, functionOf, returnsOf } from './statements.ts'

/**
 * Drops each statement of the kernel, one at a time: a step, or a block, which is a call with all that the callee does.
 * A function that is called from several places is in the model several times; its steps are dropped in all of them, as
 * if the line were missing in the source. Steps of hardware, of the guest and of the model are no statements.
 *
 * A step that always jumps keeps its jumps and loses its effect: the jump is where the function returns to, not part
 * of the statement. Blocks that are never left at their end are no calls.
 */
export const dropSteps: Mutator = {
  id: 'drop',
  mutants: (programs) => mutantsOf(programs, dropsOf),
}

function dropsOf(program: Program<never>): PlacedChange[] {
  const { entries, fn } = program
  const returns = returnsOf(program)
  const ofStep = (step: Step<never>, prefix: string, outside: readonly string[]): PlacedChange[] => {
    const within = functionOf(step, outside)
    if (within === null) return []
    const path = prefix + step.name
    const { shows } = step.about
    const isIdle =
      step.cases.length === 1 && step.cases[0].when === undefined && step.cases[0].does === undefined
    return [
      {
        id: `${step.name.replace(/\[\d+\]$/, '[n]')} in ${within}()`,
        shows: typeof shows === 'string' ? shows : null,
        path,
        patches: [withoutStatement(step, path)],
        equivalent: isIdle ? 'it only says where control goes' : null,
      },
    ]
  }
  const visit = (list: readonly Entry<never>[], prefix: string, outside: readonly string[]): PlacedChange[] =>
    list.flatMap((entry) => {
      if (entry.kind === 'landing') return []
      if (entry.kind === 'step') return ofStep(entry, prefix, outside)
      if (entry.kind === 'choice')
        return alternatives(entry.steps.map((each) => ofStep(each, prefix, outside)))
      const path = prefix + entry.name
      const called = (entry.within ?? []).reduce(entered, outside)
      const inside = visit(entry.entries, `${path}/`, entered(called, entry.fn))
      const caller = functionOf(entry, outside)
      // A block of a single statement is that statement.
      if (inside.length < 2 || caller === null || !returns(path)) return inside
      const call: PlacedChange = {
        id: `${entry.name} in ${caller}()`,
        shows: null,
        path,
        patches: [drop(path)],
        equivalent: null,
      }
      return [call, ...inside]
    })
  return visit(entries, '', entered([], fn))
}

/** None if all are the same statement: without any alternative a thread waits forever, whatever the statement is. */
function alternatives(all: readonly PlacedChange[][]): PlacedChange[] {
  const ids = new Set(all.map(([change]) => change?.id))
  return ids.size < 2 ? [] : all.flat().map((each) => ({ ...each, patches: [drop(each.path)] }))
}

/** A step that always jumps keeps its jumps: see above. */
const withoutStatement = (step: Step<never>, path: string): Patch<never> =>
  alwaysJumps(step) && step.cases.some(({ does }) => does !== undefined)
    ? replace(path, withoutEffect(step))
    : drop(path)

function withoutEffect({ within: _, ...step }: Step<never>): Step<never> {
  return { ...step, cases: step.cases.map(({ does: __, ...rest }) => rest) }
}
