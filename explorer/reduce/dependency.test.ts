import { expect, test } from 'vitest'
import type { System } from '../../model/language/system.ts'
import { StepRunner } from '../compile/step-runner.ts'
import { stepTable } from '../compile/step-table.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import { Dependency, NO_RENAMINGS } from './dependency.ts'
import { LITMUS } from './litmus.ts'
import { moveOf } from './partial-order.ts'

/** The dependency that a search of the whole system records. */
function recorded(system: System): Dependency {
  const moves = stepTable(system).map((step) => moveOf(system, step))
  const dependency = new Dependency(system.layout.fields.length, moves, 0, () => null, NO_RENAMINGS)
  breadthFirst(system, [], {
    onRecord: ({ step, reads, writes }) => dependency.note(step.index, reads, writes),
  })
  return dependency
}

function successorsOf(system: System) {
  const steps = stepTable(system)
  const runner = new StepRunner(system, [])
  return (codes: Uint16Array) =>
    steps.flatMap((step) => {
      if (codes[system.threads[step.thread].counter.index] !== step.counter) return []
      runner.recorder.base.set(codes)
      return runner.run(step).kind === 'moved'
        ? [{ step: step.index, codes: runner.recorder.now.slice() }]
        : []
    })
}

/** Runs from the initial state to states without successors, counted without going through each. */
function countRuns(system: System): number {
  const successors = successorsOf(system)
  const counted = new Map<string, number>()
  const from = (codes: Uint16Array): number => {
    const key = codes.join()
    const known = counted.get(key)
    if (known !== undefined) return known
    const next = successors(codes)
    const runs = next.length === 0 ? 1 : next.reduce((sum, n) => sum + from(n.codes), 0)
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
  const from = (codes: Uint16Array, sleeping: readonly number[]): number => {
    const next = successors(codes)
    if (next.length === 0) return 1
    const asleep = [...sleeping]
    let ended = 0
    for (const { step, codes: after } of next) {
      if (asleep.includes(step)) continue
      const dependents = dependency.dependents(step)
      ended += from(
        after,
        asleep.filter((s) => !dependents.has(s)),
      )
      asleep.push(step)
    }
    return ended
  }
  return from(system.initial[0], [])
}

test.each(LITMUS)('$id has $interleavings runs in $classes classes', ({ build, interleavings, classes }) => {
  const system = build()
  expect(countRuns(system)).toBe(interleavings)
  expect(countClasses(system, recorded(system))).toBe(classes)
})
