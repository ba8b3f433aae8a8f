import { z } from 'zod'
import { ID } from '../../../counterexamples/counterexample-file.ts'
import type { Baseline, BaselineCell } from './baseline-file.ts'

/**
 * What the search of one cell found, as plain data: it goes between threads, into the cache and into the files of
 * shards. Nothing in it depends on the machine or the time.
 */

const natural = z.int().min(0)
const text = z.string().max(100_000)

/** The behaviour that violates a property, shrunk. */
const trace = z.strictObject({
  initial: natural,
  steps: z.array(z.strictObject({ thread: text, step: text })),
  /** Steps before the loop; null for a finite behaviour. */
  loopStart: natural.nullable(),
  subject: text.nullable(),
  fairness: z.array(z.strictObject({ constraint: text, because: text })).nullable(),
})

const property = z.strictObject({
  id: text,
  kind: text,
  /** Listed by the scenario or added by the design. */
  asked: z.boolean(),
  verdict: z.enum([
    'holds',
    'violated',
    'inconclusive',
    'vacuous',
    'not-applicable',
    'reached',
    'not-reached',
  ]),
  /** States or steps in which there was something to judge. */
  antecedent: natural,
  /** The oops that ends behaviours early; null if there is none. */
  upTo: text.nullable(),
  /** Steps of the shortest counterexample, or to the witness; null without one. */
  length: natural.nullable(),
  /** Id of the counterexample; null unless violated. */
  counterexample: z.string().regex(ID).nullable(),
  /** Null unless violated, and where it was left out because the violation is known. */
  trace: trace.nullable(),
})

export const judgedCellShape = z.strictObject({
  design: text,
  scenario: text,
  complete: z.boolean(),
  /** Why the search is not complete, in words; null if it is. */
  stopped: text.nullable(),
  /** The failure of model code; null without one. */
  modelError: text.nullable(),
  states: natural,
  transitions: natural,
  depth: natural,
  deadlocks: natural,
  properties: z.array(property),
  /** The steps of its programs, without their callers: those that some behaviour takes, and the others. */
  taken: z.array(text),
  untaken: z.array(text),
})

/** What the search of one cell found. */
export type JudgedCell = Readonly<z.infer<typeof judgedCellShape>>
/** What it found of one property. */
export type JudgedProperty = JudgedCell['properties'][number]

/** A cell that was not searched, or whose search failed before it found anything. */
export function unjudgedCell(
  names: Pick<JudgedCell, 'design' | 'scenario'>,
  why: Pick<JudgedCell, 'stopped' | 'modelError'>,
): JudgedCell {
  const { design, scenario } = names
  const counts = { states: 0, transitions: 0, depth: 0, deadlocks: 0 }
  return { design, scenario, complete: false, ...why, ...counts, properties: [], taken: [], untaken: [] }
}

/** What a baseline records of a cell; null if the search was not complete: half a search is no baseline. */
export function recordOfJudged(cell: JudgedCell): BaselineCell | null {
  if (!cell.complete || cell.modelError !== null) return null
  const { states, transitions, depth, deadlocks } = cell
  const properties = cell.properties.flatMap(({ id, verdict, antecedent, length, counterexample }) =>
    verdict === 'not-applicable'
      ? []
      : [
          [
            id,
            {
              verdict,
              antecedent,
              ...(length === null ? {} : { length }),
              ...(counterexample === null ? {} : { counterexample }),
            },
          ] as const,
        ],
  )
  return { states, transitions, depth, deadlocks, properties: Object.fromEntries(properties) }
}

/** The recorded cell; undefined for a name that only an object's prototype has. */
export function recordedCell(baseline: Baseline, name: string): BaselineCell | undefined {
  return Object.hasOwn(baseline.cells, name) ? baseline.cells[name] : undefined
}
