import { counterexampleOf } from '../../../counterexamples/counterexample-file.ts'
import { raceDiagram } from '../../../counterexamples/diagram.ts'
import { type Replayed, stepsOf } from '../../../counterexamples/replay.ts'
import type { Design } from '../../../model/designs/design.ts'
import type { Property, StatePredicate } from '../../../model/language/property.ts'
import { ReplayError, referenceRun } from '../../../model/language/reference.ts'
import type { System } from '../../../model/language/system.ts'
import {
  type ComparedSystem,
  compareSystems,
  type Difference,
  type Limits,
  type SearchHooks,
} from '../../search/index.ts'
import { builtSystem } from '../built-systems.ts'
import { type Catalogue, findDesign, findProperty, findScenario } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import type { DesignCode } from '../design-code/design-code.ts'
import { changedSteps } from '../design-effect.ts'
import { InternalError, UsageError } from '../errors.ts'
import { withDesign } from '../run-check.ts'

/** A design on a kernel, by name; one of a user's file whole, as data or as the text of its code. */
export interface SideName {
  readonly design: string | Design<never> | DesignCode
  /** The kernel, by id; absent: the newest. */
  readonly kernel?: string
}

/** Two designs to compare in a scenario. */
export interface CompareRequest {
  readonly scenario: string
  readonly a: SideName
  readonly b: SideName
  /** The property whose goal or situation ends the ways whose costs are compared; null: where everything is done. */
  readonly goal: string | null
  readonly limits: Pick<Limits, 'maxStates' | 'timeLimit' | 'memoryLimit'>
}

/** What one side can do and the other cannot, with the lines of a race diagram. */
export type OwnBehaviour =
  | (Difference & { readonly drawn: readonly string[] })
  | Exclude<ComparedSystem['ownBehaviour'], Difference>

/** One side of a comparison in one scenario, as plain data. */
export interface ComparedSide extends Omit<ComparedSystem, 'ownBehaviour'> {
  readonly ownBehaviour: OwnBehaviour
}

/** Both sides. */
export interface ComparedCells {
  readonly a: ComparedSide
  readonly b: ComparedSide
}

/**
 * Explores a scenario with two designs, and compares what they can do and what it costs. A behaviour that only one has
 * is replayed by xstate before it is shown.
 * @throws ModelError when a system cannot be built or explored, UsageError for a goal that there is not, InternalError
 *   when xstate does not allow a behaviour.
 */
export async function compareCells<W>(
  all: Catalogue<W>,
  { scenario, a, b, goal, limits }: CompareRequest,
  { stop, onProgress }: Pick<SearchHooks, 'stop' | 'onProgress'> = {},
): Promise<ComparedCells> {
  const [one, other] = [await sideOf(all, scenario, a), await sideOf(all, scenario, b)]
  const compared = compareSystems(one.system, other.system, {
    ...limits,
    ...(stop === undefined ? {} : { stop }),
    ...(onProgress === undefined ? {} : { onProgress }),
    costs: all.costs ?? [],
    ...(goal === null ? {} : { goal: { id: goal, holds: goalOf(findProperty(all, goal)) } }),
  })
  return { a: drawn(one, other, compared.a), b: drawn(other, one, compared.b) }
}

/** What ends a way: the goal or the situation of a property. @throws UsageError for one of another kind. */
export function goalOf<W>(property: Property<W>): StatePredicate<never> {
  if (property.kind === 'progress') return property.goal as StatePredicate<never>
  if (property.kind === 'witness') return property.seen as StatePredicate<never>
  if (property.kind === 'eventually' && property.each === undefined)
    return property.goal as StatePredicate<never>
  throw new UsageError(
    `--goal ${property.id}: it has no goal; take a property of kind progress, witness or eventually`,
  )
}

interface Side {
  readonly system: System
  readonly scenario: Pick<Replayed['scenario'], 'id' | 'title'> & { readonly kernel?: string }
  readonly design: Pick<Design<unknown>, 'id' | 'title'>
  readonly changedSteps: ReadonlySet<string>
}

async function sideOf<W>(all: Catalogue<W>, name: string, side: SideName): Promise<Side> {
  const { design: named } = await withDesign(all, { ...side, scenario: name })
  const catalogue = catalogueOfKernel(all, side.kernel)
  const scenario = findScenario(catalogue, name)
  const design = typeof named === 'string' ? findDesign(catalogue, named) : (named as Design<W>)
  return {
    system: builtSystem(scenario, design) as unknown as System,
    scenario,
    design,
    changedSteps: changedSteps(scenario, design),
  }
}

/** Draws the behaviour that only one side has. @throws InternalError when xstate does not allow it. */
function drawn(side: Side, other: Side, compared: ComparedSystem): ComparedSide {
  const { ownBehaviour } = compared
  if (ownBehaviour.kind !== 'found') return { ...compared, ownBehaviour }
  return { ...compared, ownBehaviour: { ...ownBehaviour, drawn: diagramOf(side, other, ownBehaviour) } }
}

/** `upstream on Linux 6.12`. */
const titleOf = ({ design, scenario }: Side): string =>
  `${design.id}${scenario.kernel === undefined ? '' : ` on Linux ${scenario.kernel}`}`

/** What the thread of the last step can do on the other side. */
function otherwise({ steps, instead, waitsAt }: Difference): string {
  const { thread, step } = steps[steps.length - 1]
  const isThere = waitsAt.length > 0
  const then =
    instead.length > 0
      ? `can only take ${instead.join(' or ')} there`
      : isThere
        ? waitsAt.join() === 'done'
          ? 'has ended there'
          : `waits there at ${waitsAt.join(' or ')}`
        : 'does not run there'
  return `${thread} ${then}, not ${step}`
}

function diagramOf(side: Side, other: Side, difference: Difference): string[] {
  const { system, scenario, design } = side
  const { initial, steps } = difference
  const trace = { initial, steps }
  try {
    const { states, fault } = referenceRun(system, trace)
    const property: Property<never> =
      fault === null
        ? {
            kind: 'witness',
            id: `what ${titleOf(other)} cannot do`,
            title: otherwise(difference),
            seen: () => true,
          }
        : { kind: 'fault', id: fault.property, title: otherwise(difference) }
    const counterexample = counterexampleOf({
      tool: '',
      model: '',
      scenario: scenario.id,
      design: design.id,
      property,
      trace,
    })
    return raceDiagram({
      system,
      property,
      scenario: { id: scenario.id, title: scenario.title },
      design: { id: design.id, title: design.title },
      changedSteps: side.changedSteps,
      checker: { version: '', model: '' },
      counterexample,
      states,
      steps: stepsOf(system, counterexample.steps, states),
      fault,
      wayOn: null,
      modelChanged: false,
    })
  } catch (error) {
    if (!(error instanceof ReplayError)) throw error
    throw new InternalError(`${scenario.id} with ${design.id}: xstate does not allow ${error.message}`)
  }
}
