import fc, { type RunDetails } from 'fast-check'
import { checkDesign, designCases, newDesignTally } from './designs.ts'
import { FileAttacks } from './file-attacks.ts'
import { randomPlan } from './random-plan.ts'
import { cases, checkSystem, newSystemTally, picker } from './systems.ts'
import { checkWithWorkers } from './workers.ts'

/** The kinds of random cases. */
export const KINDS = ['systems', 'designs', 'kills', 'files'] as const
export type Kind = (typeof KINDS)[number]

/** The result of a round: counts, and the failure or null. */
export interface Round {
  readonly counts: Readonly<Record<string, number>>
  readonly failure: string | null
}

/** Tries random cases of a kind for `seconds` seconds. A failure is shrunk, and reported with what reproduces it. */
export async function round(kind: Exclude<Kind, 'kills'>, seed: number, seconds: number): Promise<Round> {
  const parameters = { seed, numRuns: 1_000_000, interruptAfterTimeLimit: 1000 * seconds }
  if (kind === 'systems') {
    const tally = newSystemTally()
    const property = fc.asyncProperty(cases, (c) => checkSystem(c, tally, undefined, checkWithWorkers))
    const details = await fc.check(property, parameters)
    const { systems, searches, tooLarge } = tally
    const show = ([tape]: readonly [number[], number[]]): unknown => randomPlan(tape)
    return { counts: { systems, searches, tooLarge }, failure: failureOf(details, show) }
  }
  if (kind === 'designs') {
    const tally = newDesignTally()
    const details = fc.check(
      fc.property(designCases, (tape) => checkDesign(tape, tally)),
      parameters,
    )
    return { counts: { ...tally }, failure: failureOf(details, (tape) => tape) }
  }
  const files = new FileAttacks()
  try {
    const tape = fc.array(fc.nat(1_000_000), { minLength: 30, maxLength: 30 })
    const details = fc.check(
      fc.property(tape, (numbers) => files.check(picker(numbers))),
      parameters,
    )
    return { counts: { files: files.read, refused: files.refused }, failure: failureOf(details, (t) => t) }
  } finally {
    files.close()
  }
}

function failureOf<T>(details: RunDetails<[T]>, show: (c: T) => unknown): string | null {
  if (!details.failed || details.counterexample === null) return null
  const { seed, counterexamplePath, counterexample, errorInstance } = details
  const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
  return `seed ${seed}, path ${counterexamplePath}: ${why}\n${JSON.stringify(show(counterexample[0]))}`
}
