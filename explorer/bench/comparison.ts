import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Counts, ModelInstance } from './catalogue.ts'
import { type MeasuredRun, run } from './child-process.ts'
import type { Contestant, Task } from './contestants/contestant.ts'

/** All runs of one contestant on one model, in the order of the rounds. */
export interface Measurement {
  readonly contestant: Contestant
  readonly runs: readonly MeasuredRun[]
}

/** One model, all contestants, measured in turn. */
export interface Comparison {
  readonly instance: ModelInstance
  readonly task: Task
  readonly measurements: readonly Measurement[]
}

export interface Rounds {
  readonly repetitions: number
  /** A contestant whose first run took longer than this (in seconds) is not run again. */
  readonly onceAbove: number
  readonly log: (line: string) => void
}

/**
 * Runs all contestants in turn, round after round (A B C, A B C ...), so that a change of the machine's load affects
 * all of them.
 * @throws Error when a contestant's counts differ from the model's: then it is not the same model, and times cannot be
 * compared.
 */
export function compare(
  instance: ModelInstance,
  contestants: readonly Contestant[],
  task: Task,
  { repetitions, onceAbove, log }: Rounds,
): Comparison {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    const entries = contestants
      .filter((contestant) => !contestant.orbits || instance.orbits !== undefined)
      .map((contestant) => {
        const folder = join(scratch, contestant.id)
        mkdirSync(folder)
        return { contestant, prepared: contestant.prepare(instance, folder, task), runs: [] as MeasuredRun[] }
      })
    for (let round = 0; round < repetitions; round++) {
      for (const { contestant, prepared, runs } of entries) {
        if (round > 0 && runs[0].seconds > onceAbove) continue
        const done = run(prepared.command)
        assertSame(instance, contestant, prepared.counts(done.output))
        runs.push(done)
        log(`${instance.id} ${contestant.id} ${round + 1}/${repetitions}: ${done.seconds.toFixed(2)} s`)
      }
    }
    return { instance, task, measurements: entries }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** The counts a contestant must give. */
export function expectedCounts(instance: ModelInstance, { orbits }: Contestant): Counts {
  return (orbits ? instance.orbits : undefined) ?? instance
}

/** @throws Error when the counts are not the model's. Transitions agree to eight digits: SPIN prints no more. */
export function assertSame(instance: ModelInstance, contestant: Contestant, actual: Counts): void {
  const expected = expectedCounts(instance, contestant)
  const same =
    actual.states === expected.states &&
    actual.transitions.toPrecision(8) === expected.transitions.toPrecision(8)
  if (same) return
  const text = (c: Counts): string => `${c.states} states and ${c.transitions} transitions`
  throw new Error(
    `${contestant.id} on ${instance.id}: ${text(actual)}, but the model has ${text(expected)}; ` +
      'the translations differ, or the search was not full',
  )
}

/** The measurement of a contestant, if it took part. */
export function measurementOf({ measurements }: Comparison, id: string): Measurement | undefined {
  return measurements.find(({ contestant }) => contestant.id === id)
}

/** Wall times of `a` divided by those of `b`, round by round, for the rounds in which both ran. */
export function pairedRatios(a: Measurement, b: Measurement): number[] {
  return paired(a, b, (run) => run.seconds)
}

/** Like `pairedRatios` for CPU time, which other load affects less; empty if it was not measured. */
export function pairedCpuRatios(a: Measurement, b: Measurement): number[] {
  return paired(a, b, (run) => run.cpuSeconds ?? Number.NaN).filter(Number.isFinite)
}

function paired(a: Measurement, b: Measurement, timeOf: (run: MeasuredRun) => number): number[] {
  const rounds = Math.min(a.runs.length, b.runs.length)
  return Array.from({ length: rounds }, (_, round) => timeOf(a.runs[round]) / timeOf(b.runs[round]))
}
