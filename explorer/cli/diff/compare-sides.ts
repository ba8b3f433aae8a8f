import { ModelError } from '../../../model/language/errors.ts'
import type { Scenario } from '../../../model/scenarios/scenario.ts'
import { type Catalogue, findScenario, scenariosOf, UPSTREAM } from '../catalogue.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { unjudgedCell } from '../gate/judged-cell.ts'
import { inParallel } from '../in-parallel.ts'
import { errorInWords } from '../reason-words.ts'
import type { ProgressDisplay } from '../report/progress.ts'
import type { ComparedCells, CompareRequest } from './compare-cells.ts'
import type { DesignSide, ResultSide } from './sides.ts'
import { type CellVerdicts, pairedVerdicts, type VerdictPair, verdictsOfCell } from './verdicts.ts'

/** One scenario on both sides. */
export interface ScenarioDiff {
  readonly scenario: string
  readonly a: CellVerdicts
  readonly b: CellVerdicts
  readonly properties: readonly VerdictPair[]
  /** Behaviours and costs; null where only results are compared, or if the model is wrong. */
  readonly systems: ComparedCells | null
}

/** Everything that `diff` found. */
export interface SidesDiff {
  readonly scenarios: readonly ScenarioDiff[]
  /** Searches that only one of two result files has, as `DESIGN in SCENARIO`. */
  readonly onlyA: readonly string[]
  readonly onlyB: readonly string[]
}

/** How to compare two designs. */
export interface DiffRun {
  readonly scenarios: readonly Scenario<unknown>[]
  readonly goal: string | null
  readonly limits: CompareRequest['limits']
  readonly atOnce: number
  readonly progress: ProgressDisplay
}

/**
 * The scenarios to compare two designs in: those that were named; else those of the designs that are not upstream; for
 * two kernels those in which their steps differ. Only such as both kernels have, and none that is deep unless named.
 * @throws UsageError for a name that no scenario has, and if none is left.
 */
export function scenariosToCompare(
  all: Catalogue,
  a: DesignSide,
  b: DesignSide,
  names: readonly string[],
): Scenario<unknown>[] {
  if (names.length > 0) {
    for (const name of names) findScenario(b.catalogue, name)
    return [...new Set(names.map((name) => findScenario(a.catalogue, name)))]
  }
  const own = [a, b].filter(({ design }) => design.id !== UPSTREAM)
  const sides = own.length > 0 ? own : [a, b]
  const ids = new Set(
    sides.flatMap(({ catalogue, design }) => scenariosOf(catalogue, design).map(({ id }) => id)),
  )
  const differ = own.length > 0 ? null : differing(all, a, b)
  const isThere = ({ catalogue }: DesignSide, id: string): boolean =>
    catalogue.scenarios.some((scenario) => scenario.id === id)
  const found = a.catalogue.scenarios.filter(
    ({ id, deep }) => ids.has(id) && deep !== true && isThere(b, id) && differ?.has(id) !== false,
  )
  if (found.length === 0) throw new UsageError('there is no scenario to compare these in; name one')
  return found
}

/** The scenarios in which the steps of two kernels differ, or of which that is not known. */
function differing(all: Catalogue, a: DesignSide, b: DesignSide): ReadonlySet<string> | null {
  const sets = [a, b].map(({ kernel, catalogue }) =>
    kernel === null || catalogue.kernel === undefined
      ? new Set<string>()
      : (all.gate?.scenariosThatDiffer(catalogue.kernel) ?? null),
  )
  return sets.includes(null) ? null : new Set(sets.flatMap((set) => [...(set as ReadonlySet<string>)]))
}

/** Searches and compares two designs in each scenario, several in parallel; in the order of the scenarios. */
export async function* compareDesigns(
  { judge, comparer, signal }: Pick<CommandContext, 'judge' | 'comparer' | 'signal'>,
  a: DesignSide,
  b: DesignSide,
  { scenarios, goal, limits, atOnce, progress }: DiffRun,
): AsyncGenerator<ScenarioDiff> {
  const searched = async (side: DesignSide, scenario: string): Promise<CellVerdicts> => {
    const name = `${scenario}, ${side.named}`
    const { request, kernel, design } = side
    const listener = {
      onProgress: (now: Parameters<ProgressDisplay['update']>[1]) => progress.update(name, now),
      onUnwritten: () => {},
    }
    const cell = await judge
      .judge({ scenario, ...request, limits }, signal, listener)
      .catch((error: unknown) => {
        if (!(error instanceof ModelError)) throw error
        const names = { scenario, design: design.id }
        return unjudgedCell(names, { stopped: null, modelError: errorInWords(error) })
      })
    progress.done(name)
    return verdictsOfCell(cell, kernel)
  }
  const compared = async ({ id }: Scenario<unknown>): Promise<ScenarioDiff> => {
    const one = await searched(a, id)
    const other = await searched(b, id)
    const isWrong = one.modelError !== null || other.modelError !== null
    const listener = {
      onProgress: (now: Parameters<ProgressDisplay['update']>[1]) => progress.update(id, now),
      onUnwritten: () => {},
    }
    const systems = isWrong
      ? null
      : await comparer.compare({ scenario: id, a: a.request, b: b.request, goal, limits }, signal, listener)
    progress.done(id)
    return { scenario: id, a: one, b: other, properties: pairedVerdicts(one, other), systems }
  }
  const running = inParallel(
    scenarios.map((scenario) => () => compared(scenario)),
    atOnce,
  )
  // Awaited below in order; until then a failure must not count as unhandled.
  for (const each of running) each.catch(() => {})
  for (const each of running) yield await each
}

/**
 * Compares two results, search by search: the same design in the same scenario on the same kernel, or the only search of
 * the scenario that both have.
 * @param names of the scenarios to compare; empty for all.
 */
export function compareResults(a: ResultSide, b: ResultSide, names: readonly string[]): SidesDiff {
  const wanted = (side: ResultSide): CellVerdicts[] =>
    side.cells.filter(({ scenario }) => names.length === 0 || names.includes(scenario))
  const [mine, theirs] = [wanted(a), wanted(b)]
  const pairs = mine.map((cell) => ({ cell, other: partnerOf(cell, mine, theirs) }))
  const matched = new Set(pairs.map(({ other }) => other))
  const nameOf = ({ design, scenario }: CellVerdicts): string => `${design} in ${scenario}`
  return {
    scenarios: pairs.flatMap(({ cell, other }) =>
      other === undefined
        ? []
        : [
            {
              scenario: cell.scenario,
              a: cell,
              b: other,
              properties: pairedVerdicts(cell, other),
              systems: null,
            },
          ],
    ),
    onlyA: pairs.filter(({ other }) => other === undefined).map(({ cell }) => nameOf(cell)),
    onlyB: theirs.filter((cell) => !matched.has(cell)).map(nameOf),
  }
}

function partnerOf(
  cell: CellVerdicts,
  mine: readonly CellVerdicts[],
  theirs: readonly CellVerdicts[],
): CellVerdicts | undefined {
  const same = theirs.find(
    ({ scenario, design, kernel }) =>
      scenario === cell.scenario && design === cell.design && kernel === cell.kernel,
  )
  if (same !== undefined) return same
  const inScenario = (all: readonly CellVerdicts[]): CellVerdicts[] =>
    all.filter(({ scenario }) => scenario === cell.scenario)
  return inScenario(mine).length === 1 && inScenario(theirs).length === 1 ? inScenario(theirs)[0] : undefined
}
