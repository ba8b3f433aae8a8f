import { expect, it } from 'vitest'
import type { System } from '../../model/language/system.ts'
import { LITMUS } from '../oracles/litmus.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import { StepRunner } from './step-runner.ts'
import { stepTable } from './step-table.ts'

/** Which steps depend on each other by all that they are recorded to read and write in the whole system. */
type Dependency = (a: number, b: number) => boolean

function recorded(system: System): Dependency {
  const steps = stepTable(system)
  const touched = steps.map(() => ({ reads: new Set<number>(), writes: new Set<number>() }))
  breadthFirst(system, [], {
    onRecord: ({ step, reads, writes }) => {
      for (const f of reads) touched[step.index].reads.add(f)
      for (const f of writes) touched[step.index].writes.add(f)
    },
  })
  // A write is recorded as a read as well.
  const meets = (a: number, b: number): boolean => [...touched[a].writes].some((f) => touched[b].reads.has(f))
  return (a, b) => steps[a].thread === steps[b].thread || meets(a, b) || meets(b, a)
}

function successorsOf(system: System) {
  const steps = stepTable(system)
  const runner = new StepRunner(system, [])
  return (encoded: Uint16Array) =>
    steps.flatMap((step) => {
      if (encoded[system.threads[step.thread].counter.index] !== step.counter) return []
      runner.recorder.base.set(encoded)
      return runner.run(step).kind === 'moved'
        ? [{ step: step.index, encoded: runner.recorder.now.slice() }]
        : []
    })
}

/** Runs from the initial state to states without successors, counted without going through each. */
function countRuns(system: System): number {
  const successors = successorsOf(system)
  const counted = new Map<string, number>()
  const from = (encoded: Uint16Array): number => {
    const key = encoded.join()
    const known = counted.get(key)
    if (known !== undefined) return known
    const next = successors(encoded)
    const runs = next.length === 0 ? 1 : next.reduce((sum, n) => sum + from(n.encoded), 0)
    counted.set(key, runs)
    return runs
  }
  return from(system.initial[0])
}

/**
 * Runs up to exchanges of neighbouring independent steps. Sleep sets (Godefroid 1996) let exactly one run of
 * each class reach its end.
 */
function countClasses(system: System, dependency: Dependency): number {
  const successors = successorsOf(system)
  const from = (encoded: Uint16Array, sleeping: readonly number[]): number => {
    const next = successors(encoded)
    if (next.length === 0) return 1
    const asleep = [...sleeping]
    let ended = 0
    for (const { step, encoded: after } of next) {
      if (asleep.includes(step)) continue
      ended += from(
        after,
        asleep.filter((s) => !dependency(step, s)),
      )
      asleep.push(step)
    }
    return ended
  }
  return from(system.initial[0], [])
}

it.each(LITMUS)('$id has $interleavings runs in $classes classes', ({ build, interleavings, classes }) => {
  const system = build()
  expect(countRuns(system)).toBe(interleavings)
  expect(countClasses(system, recorded(system))).toBe(classes)
})
