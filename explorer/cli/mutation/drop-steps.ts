import type { Anchor } from '../../../model/language/anchor.ts'
import { type Flow, flowOf } from '../../../model/language/machine.ts'
import { drop, only, type Patch, replace } from '../../../model/language/patch.ts'
import { type Entry, entered, type Program, type Step } from '../../../model/language/program.ts'
import { isNoCode } from '../../../model/language/versions.ts'
import type { Mutant, MutatedPlace, Mutator } from './mutator.ts'

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
  mutants: (programs) => {
    const byId = new Map<string, Statement[]>()
    for (const statement of programs.flatMap(statementsOf)) {
      const same = byId.get(statement.id)
      if (same === undefined) byId.set(statement.id, [statement])
      else same.push(statement)
    }
    return Array.from(byId, ([id, statements]): Mutant => {
      const [{ shows }] = statements
      return {
        id,
        shows: statements.every((s) => s.shows === shows) ? shows : null,
        places: statements.map(({ place }) => place),
        patches: statements.map(({ place, patch }) => only(place.machine, patch)),
        equivalent: statements.every((s) => s.isIdle) ? 'it only says where control goes' : null,
      }
    })
  },
}

/** One place of a statement. */
interface Statement {
  readonly id: string
  readonly shows: string | null
  readonly place: MutatedPlace
  readonly patch: Patch<never>
  /** Whether it has neither a guard nor an effect, so that dropping it changes nothing. */
  readonly isIdle: boolean
}

function statementsOf(program: Program<never>): Statement[] {
  const { kind, entries, fn } = program
  const flow = flowOf(program)
  const ofStep = (step: Step<never>, prefix: string, outside: readonly string[]): Statement[] => {
    const { shows, since = '', c } = step.about
    const within = step.about.fn ?? (step.within ?? []).reduce(entered, outside).at(-1) ?? ''
    if (!isKernelFunction(within) || isNoCode(since) || isUncoded(c)) return []
    const path = prefix + step.name
    return [
      {
        id: `${step.name.replace(/\[\d+\]$/, '[n]')} in ${within}()`,
        shows: typeof shows === 'string' ? shows : null,
        place: { machine: kind, path },
        patch: alwaysJumps(step) ? replace(path, withoutEffect(step)) : drop(path),
        isIdle:
          step.cases.length === 1 && step.cases[0].when === undefined && step.cases[0].does === undefined,
      },
    ]
  }
  const visit = (list: readonly Entry<never>[], prefix: string, outside: readonly string[]): Statement[] =>
    list.flatMap((entry) => {
      if (entry.kind === 'landing') return []
      if (entry.kind === 'step') return ofStep(entry, prefix, outside)
      if (entry.kind === 'choice')
        return alternatives(entry.steps.map((each) => ofStep(each, prefix, outside)))
      const path = prefix + entry.name
      const called = (entry.within ?? []).reduce(entered, outside)
      const inside = visit(entry.entries, `${path}/`, entered(called, entry.fn))
      const caller = called.at(-1) ?? entry.fn ?? ''
      // A block of a single statement is that statement.
      if (inside.length < 2 || !isKernelFunction(caller) || !returns(path, flow)) return inside
      const call: Statement = {
        id: `${entry.name} in ${caller}()`,
        shows: null,
        place: { machine: kind, path },
        patch: drop(path),
        isIdle: false,
      }
      return [call, ...inside]
    })
  return visit(entries, '', entered([], fn))
}

/** Whether a block is left at its end. */
function returns(path: string, flow: Flow<never>): boolean {
  const { counters, steps } = flow
  const isInside = (counter: string): boolean => counter.startsWith(`${path}/`)
  const following = counters[counters.findLastIndex(isInside) + 1]
  return steps.some(
    (step) => isInside(step.at) && step.step.cases.some((_, n) => flow.target(step, n) === following),
  )
}

/** None if all are the same statement: without any alternative a thread waits forever, whatever the statement is. */
function alternatives(all: readonly Statement[][]): Statement[] {
  const ids = new Set(all.map(([statement]) => statement?.id))
  return ids.size < 2
    ? []
    : all.flat().map(({ patch: _, ...each }) => ({ ...each, patch: drop(each.place.path) }))
}

const alwaysJumps = ({ cases }: Step<never>): boolean =>
  cases.every(({ to }) => to !== undefined) && cases.some(({ does }) => does !== undefined)

function withoutEffect({ within: _, ...step }: Step<never>): Step<never> {
  return { ...step, cases: step.cases.map(({ does: __, ...rest }) => rest) }
}

/** Whether a name is that of a C function; `guest` and `hardware page walk` are none. */
const isKernelFunction = (fn: string): boolean => /^\w+$/.test(fn) && fn !== 'guest'

/** Whether a step says that it stands for no statement of the kernel. */
const isUncoded = (c: Anchor | undefined): boolean => typeof c === 'object' && 'none' in c
