import type { ReferenceContext } from '../../model/language/machine.ts'
import { Reference } from '../../model/language/reference.ts'
import type { System } from '../../model/language/system.ts'
import type { Recording } from './compiled-system.ts'

/**
 * Compares every transition that a search records with xstate: pass the result as `onRecord`. A search that
 * ends has then used only transitions that xstate's transition function gives too.
 * @throws ReferenceMismatch, from inside the search, naming system, step and what differs.
 */
export function checkAgainstReference(checked: System): (recording: Recording) => void {
  const system = checked
  const reference = new Reference(system)
  const counters = new Set(system.threads.map(({ counter }) => counter.index))
  const shared = system.layout.fields.filter(({ index }) => !counters.has(index))
  return ({ step, before, after, fault }) => {
    const { name } = system.threads[step.thread]
    const differs = (what: string): never => {
      throw new ReferenceMismatch(`${system.name}: step ${step.path} of ${name}: ${what}`)
    }
    const outcome = reference.step(reference.snapshot(before), { thread: name, step: step.path })
    if (outcome.kind === 'fault') {
      if (fault === null) return differs(`xstate faults with ${outcome.fault.property}, the search does not`)
      if (fault.property !== outcome.fault.property) {
        differs(`the search faults with ${fault.property}, xstate with ${outcome.fault.property}`)
      }
      return
    }
    if (fault !== null) differs(`the search faults with ${fault.property}, xstate does not`)
    if (outcome.kind === 'blocked') {
      if (after !== null) differs('the search takes it, xstate does not')
      return
    }
    if (after === null) return differs('xstate takes it, the search does not')
    const { encoded } = outcome.next.context as ReferenceContext
    for (const { index, path } of shared) {
      if (encoded[index] !== after[index]) {
        differs(`${path} has encoded value ${after[index]} in the search and ${encoded[index]} in xstate`)
      }
    }
    system.threads.forEach(({ counter, flow }, index) => {
      const there = reference.counter(outcome.next, index)
      if (there !== after[counter.index]) {
        const [mine, other] = [flow.counters[after[counter.index]], flow.counters[there]]
        differs(`${counter.path} is ${mine} in the search and ${other} in xstate`)
      }
    })
  }
}

/** The search and xstate disagree: a bug in this program, never a verdict. */
export class ReferenceMismatch extends Error {
  override readonly name = 'ReferenceMismatch'
}
