import { z } from 'zod'
import { VERDICTS } from '../../search/index.ts'
import { stopInWords } from '../reason-words.ts'
import type { ComparedSide } from './compare-cells.ts'
import type { ScenarioDiff, SidesDiff } from './compare-sides.ts'
import type { CellVerdicts, FoundVerdict } from './verdicts.ts'

/** The machine-readable comparison, stable for scripts: `mmucheck-diff/1`, see docs/formats/diff.md. */

const natural = z.int().min(0)

const verdict = z.strictObject({
  verdict: z.enum([...VERDICTS, 'not-applicable']),
  length: natural.nullable(),
  counterexample: z.string().nullable(),
})

const step = z.strictObject({ thread: z.string(), step: z.string() })

const behaviour = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('not-decided'), why: z.enum(['graphs', 'pairs']), most: natural }),
  z.strictObject({
    kind: z.literal('found'),
    initial: natural,
    steps: z.array(step),
    fault: z.boolean(),
    instead: z.array(z.string()),
    waitsAt: z.array(z.string()),
    shortest: z.boolean(),
  }),
])

const cost = z.strictObject({
  id: z.string(),
  least: natural.nullable(),
  most: natural.nullable(),
  repeated: z.string().nullable(),
})

const side = z.strictObject({
  design: z.string(),
  kernel: z.string().nullable(),
  complete: z.boolean(),
  stopped: z.string().nullable(),
  modelError: z.string().nullable(),
  states: natural,
  transitions: natural,
  /** Null where only results are compared, or if the model is wrong; so are the next two. */
  ownSteps: z.array(z.string()).nullable(),
  ownBehaviour: behaviour.nullable(),
  costs: z.array(cost).nullable(),
  /** Why costs and behaviours are not decided; null if they are. */
  graphStopped: z.string().nullable(),
})

export const diffSchema = z.strictObject({
  schema: z.literal('mmucheck-diff/1'),
  version: z.string(),
  modelHash: z.string(),
  a: z.string(),
  b: z.string(),
  /** The property whose goal ends the ways; null for where everything is done. */
  goal: z.string().nullable(),
  exitStatus: z.int(),
  onlyA: z.array(z.string()),
  onlyB: z.array(z.string()),
  scenarios: z.array(
    z.strictObject({
      scenario: z.string(),
      a: side,
      b: side,
      properties: z.array(
        z.strictObject({
          id: z.string(),
          change: z.enum(['introduced', 'removed', 'coverage', 'open', 'other', 'same']),
          a: verdict.nullable(),
          b: verdict.nullable(),
        }),
      ),
    }),
  ),
})

export type DiffJson = z.infer<typeof diffSchema>

/** The comparison as it is written. */
export function diffJson(
  about: Pick<DiffJson, 'version' | 'modelHash' | 'a' | 'b' | 'goal' | 'exitStatus'>,
  { scenarios, onlyA, onlyB }: SidesDiff,
): DiffJson {
  const { version, modelHash, a, b, goal, exitStatus } = about
  return {
    schema: 'mmucheck-diff/1',
    version,
    modelHash,
    a,
    b,
    goal,
    exitStatus,
    onlyA: [...onlyA],
    onlyB: [...onlyB],
    scenarios: scenarios.map(scenarioJson),
  }
}

function scenarioJson({ scenario, a, b, properties, systems }: ScenarioDiff): DiffJson['scenarios'][number] {
  return {
    scenario,
    a: sideJson(a, systems?.a ?? null),
    b: sideJson(b, systems?.b ?? null),
    properties: properties.map(({ id, change, a: one, b: other }) => ({
      id,
      change,
      a: verdictJson(one),
      b: verdictJson(other),
    })),
  }
}

const verdictJson = (found: FoundVerdict | null): z.infer<typeof verdict> | null =>
  found === null
    ? null
    : { verdict: found.verdict, length: found.length, counterexample: found.counterexample }

function sideJson(cell: CellVerdicts, system: ComparedSide | null): z.infer<typeof side> {
  const { design, kernel, complete, stopped, modelError, states, transitions } = cell
  return {
    design,
    kernel,
    complete,
    stopped,
    modelError,
    states,
    transitions,
    ownSteps: system === null ? null : [...system.ownSteps],
    ownBehaviour: system === null ? null : behaviourJson(system.ownBehaviour),
    costs: system?.costs?.map((each) => ({ ...each })) ?? null,
    graphStopped: system === null || system.stopped === null ? null : stopInWords(system.stopped),
  }
}

function behaviourJson(own: ComparedSide['ownBehaviour']): z.infer<typeof behaviour> {
  if (own.kind !== 'found') return own
  const { kind, initial, steps, fault, instead, waitsAt, shortest } = own
  return {
    kind,
    initial,
    steps: steps.map((each) => ({ ...each })),
    fault,
    instead: [...instead],
    waitsAt: [...waitsAt],
    shortest,
  }
}
