import fc from 'fast-check'
import { expect, it } from 'vitest'
import { CompiledSystem } from '../compile/compiled-system.ts'
import { PREDICATE_VALUE, Predicates } from '../compile/predicates.ts'
import { twoPhaseModel } from '../oracles/models.ts'
import { randomSystem } from '../oracles/random-system.ts'
import { effort } from '../testing/effort.ts'
import { breadthFirst, tracesTo } from './breadth-first.ts'
import { PropertyMonitor } from './property-monitor.ts'
import { Successors } from './successors.ts'

/** The first way of exactly `length` steps, in the order of their numbers, after which `reached` holds. */
function firstWay(
  compiled: CompiledSystem,
  words: Int32Array,
  length: number,
  reached: (words: Int32Array) => boolean,
): number[] | null {
  if (length === 0) return reached(words) ? [] : null
  const successors = new Successors(compiled)
  successors.find(words, 0)
  for (let k = 0; k < successors.count; k++) {
    if (successors.faults(k)) continue
    const next = words.slice()
    successors.apply(k, next, 0)
    const rest = firstWay(compiled, next, length - 1, reached)
    if (rest !== null) return [successors.steps[k], ...rest]
  }
  return null
}

it('of equally short counterexamples the least is shown', () => {
  let compared = 0
  fc.assert(
    fc.property(fc.array(fc.nat(1 << 20), { minLength: 20, maxLength: 120 }), (tape) => {
      const { system, properties } = randomSystem(tape)
      const asked = properties.filter((p) => p.kind === 'invariant' || p.kind === 'witness')
      const compiled = new CompiledSystem(system)
      const predicates = new Predicates(system, PropertyMonitor.predicatesOf(asked))
      breadthFirst(system, [...asked, ...properties.filter((p) => p.kind === 'fault')]).properties.forEach(
        ({ trace }, q) => {
          if (trace === null || q >= asked.length || trace.steps.length > 7) return
          const sought = asked[q].kind === 'invariant' ? PREDICATE_VALUE.fails : PREDICATE_VALUE.holds
          const ways = system.initial.map((encoded) => {
            const words = new Int32Array(system.layout.words)
            system.layout.pack(encoded, words, 0)
            return firstWay(
              compiled,
              words,
              trace.steps.length,
              (w) => predicates.evaluate(q, w, 0) === sought,
            )
          })
          const initial = ways.findIndex((way) => way !== null)
          const steps = (ways[initial] ?? []).map((s) => {
            const { thread, path } = compiled.steps[s]
            return { thread: system.threads[thread].name, step: path }
          })
          expect({ initial: trace.initial, steps: trace.steps }).toEqual({ initial, steps })
          compared++
        },
      )
    }),
    { numRuns: effort(120, 200) },
  )
  expect(compared).toBeGreaterThan(20)
})

it('a search for traces shows the same, in the order of finding, and says when it was stopped', () => {
  const { system, properties } = twoPhaseModel(5)
  const found = breadthFirst(system, properties).properties.filter(({ trace }) => trace !== null)
  const expected = new Map(found.map(({ id, trace }) => [id, trace]))
  const sought = [...expected.keys()]
  const { traces, stopped } = tracesTo(system, properties, sought, {})
  expect([new Map(traces), stopped]).toEqual([expected, null])
  const lengths = traces.map(([, { steps }]) => steps.length)
  expect(lengths).toEqual(lengths.toSorted((a, b) => a - b))
  expect(sought.length).toBeGreaterThan(2)
  // It stops when it has all: a limit further on is not reached.
  const [[first, way]] = traces
  expect(tracesTo(system, properties, [first], { maxDepth: way.steps.length + 1 }).stopped).toBe(null)
  const cut = tracesTo(system, properties, sought, { stop: () => true })
  expect([cut.traces.length < sought.length, cut.stopped]).toEqual([true, { kind: 'interrupted' }])
})
