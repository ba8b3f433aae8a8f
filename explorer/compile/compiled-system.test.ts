import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EncodedValues } from '../../model/language/layout.ts'
import { program, step } from '../../model/language/program.ts'
import { Oops } from '../../model/language/property.ts'
import { array, range, struct, type View } from '../../model/language/shapes.ts'
import { compose, one, type System } from '../../model/language/system.ts'
import { randomSystem } from '../oracles/random-system.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import { PropertyMonitor } from '../search/property-monitor.ts'
import { Successors } from '../search/successors.ts'
import { xoshiro } from '../state/tabulation.ts'
import { effort } from '../testing/effort.ts'
import { CompiledSystem } from './compiled-system.ts'
import { PREDICATE_VALUE, Predicates } from './predicates.ts'
import { LIST, LIST_ENTRY, SuccessorLists } from './successor-lists.ts'

const tapes = fc.array(fc.nat(1 << 20), { minLength: 20, maxLength: 120 })

/** States with random values, program counters included, so most of them are not reachable. */
const statesOf = (system: System): fc.Arbitrary<number[]> =>
  fc.tuple(...system.layout.fields.map((f) => fc.nat(f.shape.size - 1)))

function packed(system: System, encoded: readonly number[]): Int32Array {
  const words = new Int32Array(system.layout.words)
  system.layout.pack(encoded, words, 0)
  return words
}

/** What a state's steps do, by running the model code on it. */
function directly(system: System, encoded: readonly number[]): string[] {
  return system.threads.flatMap((thread) => {
    const { flow, self, counter } = thread
    const here = flow.counters[encoded[counter.index]]
    return flow.steps
      .filter((located) => located.at === here)
      .flatMap((located) => {
        const store = new EncodedValues(encoded.length)
        store.values.set(encoded)
        const { world } = system.view(store)
        const name = `${thread.name} ${located.path}`
        try {
          const taken = located.step.cases.findIndex((c) => c.when === undefined || c.when(world, self))
          if (taken < 0) return []
          located.step.cases[taken].does?.(world, self)
          store.values[counter.index] = flow.counters.indexOf(flow.target(located, taken))
          return [`${name}: ${store.values.join(' ')}`]
        } catch (error) {
          if (error instanceof Oops) return [`${name}: ${error.property}`]
          throw error
        }
      })
  })
}

describe('transition records', () => {
  it('are what the model code does, on random states in random order', () => {
    fc.assert(
      fc.property(
        tapes.chain((tape) => {
          const system = randomSystem(tape).system
          return fc.tuple(fc.constant(system), fc.array(statesOf(system), { minLength: 1, maxLength: 60 }))
        }),
        ([system, states]) => {
          const compiled = new CompiledSystem(system)
          const successors = new Successors(compiled)
          const lists = new SuccessorLists(compiled)
          for (const encoded of [...states, ...states]) {
            const words = packed(system, encoded)
            successors.find(words, 0)
            const said: string[] = []
            for (let k = 0; k < successors.count; k++) {
              const { thread, path } = compiled.steps[successors.steps[k]]
              const name = `${system.threads[thread].name} ${path}`
              if (successors.faults(k)) {
                said.push(`${name}: no-fault`)
                continue
              }
              const next = words.slice()
              successors.apply(k, next, 0)
              const after = new Uint16Array(encoded.length)
              system.layout.unpack(next, 0, after)
              said.push(`${name}: ${after.join(' ')}`)
              const record = successors.records[k]
              expect(compiled.hash.hashLow(encoded) ^ compiled.records[record]).toBe(
                compiled.hash.hashLow(after),
              )
            }
            expect(said).toEqual(directly(system, encoded))
            expect(listed(compiled, lists, words)).toEqual([
              ...successors.records.subarray(0, successors.count),
            ])
          }
        },
      ),
      { numRuns: effort(40, 200) },
    )
  })

  it('recorded values are those of the properties, on random states in random order', () => {
    fc.assert(
      fc.property(
        tapes.chain((tape) => {
          const { system, properties } = randomSystem(tape)
          return fc.tuple(
            fc.constant({ system, properties }),
            fc.array(statesOf(system), { minLength: 1, maxLength: 60 }),
          )
        }),
        ([{ system, properties }, states]) => {
          const predicates = new Predicates(system, PropertyMonitor.predicatesOf(properties))
          for (const encoded of [...states, ...states]) {
            const words = packed(system, encoded)
            const store = new EncodedValues(encoded.length)
            store.values.set(encoded)
            const { world, at } = system.view(store)
            predicates.list.forEach(({ given, holds }, q) => {
              const asked = given === undefined || given(world as never, at)
              const expected = !asked
                ? PREDICATE_VALUE.vacuous
                : holds(world as never, at)
                  ? PREDICATE_VALUE.holds
                  : PREDICATE_VALUE.fails
              expect(predicates.evaluate(q, words, 0)).toBe(expected)
            })
          }
        },
      ),
      { numRuns: effort(40, 200) },
    )
  })
})

/** The transitions that the merged trees give for a state. */
function listed(compiled: CompiledSystem, lists: SuccessorLists, words: Int32Array): number[] {
  return compiled.system.threads.flatMap(({ counter }, t) => {
    const at = compiled.dispatch[t] + ((words[counter.word] >>> counter.shift) & counter.mask)
    const found: number[] = []
    for (let g = lists.firstGroup[at]; g < lists.lastGroup[at]; g++) {
      let node = lists.trees.find(lists.roots[g], words, 0)
      if (node === 0) node = lists.resolve(g, words, 0)
      if (node === 0) {
        g = lists.firstGroup[at] - 1
        continue
      }
      for (let n = 0; n < lists.lists[-node + LIST.count]; n++)
        found.push(lists.lists[-node + LIST.first + n * LIST_ENTRY + 2])
    }
    return found
  })
}

it('steps that depend on many different fields are looked up one by one', () => {
  // Ten steps at one program counter, each on a separate field: merged, 4^10 lists.
  const world = struct({ cells: array(10, range(0, 3)) })
  type World = View<typeof world>
  const many = program<World>('many', 'ten independent counters', [
    {
      kind: 'choice',
      name: 'run',
      validEnd: true,
      steps: Array.from({ length: 10 }, (_, n) =>
        step<World>(
          `up-${n}`,
          {},
          {
            when: (w) => w.cells[n] < 3,
            does: (w) => {
              w.cells[n]++
            },
            to: 'run',
          },
        ),
      ),
    },
  ])
  const system = compose({ name: 'many', world, threads: [one(many)], initial: [() => {}] })
  const result = breadthFirst(system, [{ kind: 'deadlock', id: 'd', title: '' }], { maxStates: 200_000 })
  expect(result.incompleteReason).toMatchObject({ kind: 'max-states' })
  const lists = new SuccessorLists(new CompiledSystem(system))
  const words = new Int32Array(system.layout.words)
  const random = xoshiro(1)
  let split = false
  for (let n = 0; n < 3000; n++) {
    const encoded = Array.from({ length: 11 }, (_, f) => (f < 10 ? random() & 3 : 0))
    system.layout.pack(encoded, words, 0)
    const expected = encoded.slice(0, 10).filter((c) => c < 3).length
    expect(listed(lists.compiled, lists, words)).toHaveLength(expected)
    split ||= lists.lastGroup[0] - lists.firstGroup[0] === 10
  }
  expect(split).toBe(true)
  expect(lists.bytes).toBeLessThan(2_000_000)
  const full = breadthFirst(smaller(), [])
  expect([full.states, full.transitions]).toEqual([4 ** 7, 7 * 3 * 4 ** 6])

  function smaller(): System {
    const seven = struct({ cells: array(7, range(0, 3)) })
    type Seven = View<typeof seven>
    const counters = program<Seven>('seven', 'seven independent counters', [
      {
        kind: 'choice',
        name: 'run',
        validEnd: true,
        steps: Array.from({ length: 7 }, (_, n) =>
          step<Seven>(
            `up-${n}`,
            {},
            {
              when: (w) => w.cells[n] < 3,
              does: (w) => {
                w.cells[n]++
              },
              to: 'run',
            },
          ),
        ),
      },
    ])
    return compose({ name: 'seven', world: seven, threads: [one(counters)], initial: [() => {}] })
  }
})

describe('model code that is refused', () => {
  const world = struct({ n: range(0, 3) })
  type World = View<typeof world>
  const withStep = (when: (w: World) => boolean, does: (w: World) => void): System =>
    compose({
      name: 'bad',
      world,
      threads: [one(program<World>('bad', 'a bad thread', [step('go', {}, { when, does, to: 'go' })]))],
      initial: [() => {}],
    })

  it('a guard that writes', () => {
    const system = withStep(
      (w) => {
        w.n = 2
        return true
      },
      () => {},
    )
    expect(() => breadthFirst(system, [])).toThrow(
      'bad: step go of bad: a guard or property writes to the state',
    )
  })

  it('a property that writes', () => {
    const system = withStep(
      () => true,
      () => {},
    )
    const writing = (w: unknown): boolean => {
      ;(w as World).n = 1
      return true
    }
    expect(() => breadthFirst(system, [{ kind: 'invariant', id: 'p', title: '', holds: writing }])).toThrow(
      'bad: property p: a guard or property writes to the state',
    )
    expect(() => breadthFirst(system, [{ kind: 'action', id: 'p', title: '', holds: writing }])).toThrow(
      'writes to the state',
    )
  })

  it('an effect that leaves the domain', () => {
    const system = withStep(
      () => true,
      (w) => {
        w.n++
      },
    )
    expect(() => breadthFirst(system, [])).toThrow('bad: step go of bad: world.n = 4 is outside its domain')
  })

  it('code that draws lots, without reading anything', () => {
    let calls = 0
    const system = withStep(
      () => calls++ % 2 === 0,
      () => {},
    )
    expect(() => breadthFirst(system, [])).toThrow('does something else when it is run again')
    const fickle = { kind: 'invariant', id: 'p', title: '', holds: () => calls++ % 2 === 0 } as const
    const still = withStep(
      () => true,
      () => {},
    )
    expect(() => breadthFirst(still, [fickle])).toThrow('property p: does something else')
  })
})
