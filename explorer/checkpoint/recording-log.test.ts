import { describe, expect, it, vi } from 'vitest'

/** Arrays that begin with room for one entry, or not even that. */
vi.hoisted(() => {
  Object.assign(globalThis, { [Symbol.for('mmucheck.sizes')]: { array: 8 } })
})

import { choice, program, step } from '../../model/language/program.ts'
import { Oops, type Property } from '../../model/language/property.ts'
import { range, struct, type View } from '../../model/language/shapes.ts'
import { compose, one } from '../../model/language/system.ts'
import { CompiledSystem } from '../compile/compiled-system.ts'
import { PREDICATE_VALUE, Predicates } from '../compile/predicates.ts'
import { RecordingLog } from './recording-log.ts'

const world = struct({ n: range(0, 2), other: range(0, 2), third: range(0, 2) })
type World = View<typeof world>

/** What the code does, each part of which can be another. */
const code = {
  falls: (w: World): void => {
    if (w.n < 3) throw new Oops('no-fall', '')
  },
  canRise: (w: World): boolean => w.n < 2,
  rise: (w: World): void => {
    w.n++
  },
  concerns: (before: World): boolean => before.n === 0,
  allows: (_: World, after: World): boolean => after.n !== 1,
  isLow: (w: World): boolean => w.n < 2,
  hasGiven: (w: World): boolean => w.n > 0,
}
type Code = typeof code

const FALL = 0
const RISE = 1
const LOW = 0
const GIVEN = 1

/** A log with all that it watches; the first step is not the first that is recorded. */
function watched(changed: Partial<Code> = {}) {
  const { falls, canRise, rise, concerns, allows, isLow, hasGiven } = { ...code, ...changed }
  const steps = [
    step<World>('fall', {}, { does: falls }),
    step<World>('rise', {}, { when: canRise, does: rise, to: 'act' }),
  ]
  const threads = [one(program<World>('act', 'acts', [choice('act', steps)]))]
  const system = compose({ name: 'acts', world, threads, initial: [() => {}] })
  const log = new RecordingLog(system)
  const action: Extract<Property<World>, { kind: 'action' }> = {
    kind: 'action',
    id: 'moves',
    title: '',
    given: (before) => concerns(before),
    holds: (before, _, after) => allows(before, after),
  }
  const compiled = new CompiledSystem(system, { actions: [action], onRecord: log.onRecord })
  const predicates = new Predicates(system, [
    { id: 'low', holds: isLow },
    { id: 'given', given: hasGiven, holds: () => true },
  ])
  predicates.onValue = log.onValue
  return { system, log, compiled, predicates }
}

/** Records steps and predicate values: `fall` at 1, `rise` at 0, 1 and 2, `low` at 0 and 2, `given` at 0. */
function recorded() {
  const { system, log, compiled, predicates } = watched()
  const { layout } = system
  const words = new Int32Array(layout.words)
  const at = (n: number): Int32Array => {
    const encoded = Uint16Array.from(system.initial[0])
    encoded[layout.fields.findIndex(({ path }) => path === 'world.n')] = n
    layout.pack(encoded, words, 0)
    return words
  }
  for (const n of [0, 1, 2]) compiled.record(compiled.steps[RISE], at(n), 0)
  compiled.record(compiled.steps[FALL], at(1), 0)
  predicates.evaluate(LOW, at(0), 0)
  predicates.evaluate(LOW, at(2), 0)
  predicates.evaluate(GIVEN, at(0), 0)
  return log.entries.slice()
}

const ENTRIES = 7
const HEAD = 7
const fields = watched().system.layout.fields
const SIZE = HEAD + 2 * fields.length
const [RISING, , BLOCKED, FALLING, LOW_VALUE] = [0, 1, 2, 3, 4].map((n) => n * SIZE)

/** What is different when entries that were changed are recorded again. */
function difference(change: (entries: Uint16Array) => unknown, changed?: Partial<Code>) {
  const entries = recorded()
  const { log, compiled, predicates } = watched(changed)
  const others = change(entries)
  const problem = log.repeat(others instanceof Uint16Array ? others : entries, compiled, predicates)
  return { problem, log, entries }
}

it('entries that are recorded again are the same entries', () => {
  const { problem, log, entries } = difference(() => {})
  expect(problem).toBe(null)
  expect(entries).toHaveLength(ENTRIES * SIZE)
  expect(log.entries).toEqual(entries)
  expect(log.bytes).toBeGreaterThanOrEqual(entries.byteLength)
  expect(log.bytes).toBeLessThan(4 * entries.byteLength)
})

it('an entry says what was done, and where', () => {
  const entries = recorded()
  const entry = (at: number) => [...entries.subarray(at, at + 3)]
  expect(entry(RISING)).toEqual([0, RISE, 0])
  expect(entry(BLOCKED)).toEqual([0, RISE, 1])
  expect(entry(FALLING)).toEqual([0, FALL, 2])
  expect(entry(LOW_VALUE)).toEqual([1, LOW, -PREDICATE_VALUE.holds])
  const n = fields.findIndex(({ path }) => path === 'world.n')
  const encoded = (at: number) => [entries[at + HEAD + n], entries[at + HEAD + fields.length + n]]
  expect(encoded(RISING)).toEqual([0, 1])
  expect(encoded(BLOCKED)).toEqual([2, 2])
  expect(encoded(FALLING)).toEqual([1, 1])
})

it('no entries are no difference', () => {
  expect(difference(() => new Uint16Array(0)).problem).toBe(null)
})

it('which values were recorded, and of which predicate', () => {
  const { log } = difference(() => {})
  const values = [LOW, GIVEN, 2].map((predicate) =>
    Object.values(PREDICATE_VALUE).filter((value) => log.hadValue(predicate, value)),
  )
  expect(values).toEqual([[PREDICATE_VALUE.holds, PREDICATE_VALUE.fails], [PREDICATE_VALUE.vacuous], []])
})

it('steps record no values', () => {
  // A fault and a true predicate have the same number, and encoded values may look like a predicate value too.
  const { system, log, compiled } = watched()
  const words = new Int32Array(system.layout.words)
  system.layout.pack(Uint16Array.of(1, 0, 2, 0), words, 0)
  compiled.record(compiled.steps[FALL], words, 0)
  expect([...log.entries.subarray(0, 3)]).toEqual([0, FALL, -PREDICATE_VALUE.holds])
  expect([...log.entries.subarray(HEAD, HEAD + 3)]).toEqual([1, FALL, -PREDICATE_VALUE.holds])
  expect(log.hadValue(FALL, PREDICATE_VALUE.holds)).toBe(false)
})

describe('entries that were not recorded like that', () => {
  const half = 'there is half a recording'
  const others = 'there are other steps or properties'
  const otherwise = (name: string) => `${name} does something else than before`

  it.each<[string, (entries: Uint16Array) => unknown, string]>([
    ['one number less', (e) => e.slice(0, -1), half],
    ['one number more', (e) => Uint16Array.of(...e, 0), half],
    ['of another kind', (e) => e.set([2], RISING), others],
    ['of a step that there is not', (e) => e.set([2], RISING + 1), others],
    ['of a property that there is not', (e) => e.set([2], LOW_VALUE + 1), others],
    ['of a step as of a property', (e) => e.set([1], RISING), otherwise('given')],
    ['of a property as of a step', (e) => e.set([0], LOW_VALUE), otherwise('fall')],
    ['of another step', (e) => e.set([FALL], RISING + 1), otherwise('fall')],
    ['on no state', (e) => e.set([fields[0].shape.size], RISING + HEAD), 'rise was run on no state'],
    [
      'on no state, by the last field',
      (e) => e.set([fields[fields.length - 1].shape.size], RISING + HEAD + fields.length - 1),
      'rise was run on no state',
    ],
    ['a step that was not enabled', (e) => e.set([1], RISING + 2), otherwise('rise')],
    ['another value', (e) => e.set([-PREDICATE_VALUE.fails], LOW_VALUE + 2), otherwise('low')],
    ['the same value twice', (e) => Uint16Array.of(...e, ...e.slice(-SIZE)), otherwise('given')],
  ])('%s', (_, change, expected) => {
    expect(difference(change).problem).toBe(expected)
  })

  it.each([3, 4, 5, 6, SIZE - 1])('number %i', (n) => {
    for (const [at, name] of [
      [RISING, 'rise'],
      [LOW_VALUE, 'low'],
    ] as const)
      expect(difference((e) => e.set([e[at + n] ^ 1], at + n)).problem).toBe(otherwise(name))
  })

  it.each<[string, Partial<Code>, string]>([
    ['a guard that is false', { canRise: () => false }, otherwise('rise')],
    ['a guard that reads more', { canRise: (w) => w.n < 2 && w.other < 3 }, otherwise('rise')],
    [
      'another effect',
      {
        rise: (w) => {
          w.n = 2
        },
      },
      otherwise('rise'),
    ],
    [
      'another fault',
      {
        falls: (w) => {
          if (w.n < 3) throw new Oops('no-drop', '')
        },
      },
      otherwise('fall'),
    ],
    ['no fault', { falls: (w) => void w.n }, otherwise('fall')],
    ['nothing concerned', { concerns: (before) => before.n > 1 }, otherwise('rise')],
    ['nothing violated', { allows: (_, after) => after.n < 3 }, otherwise('rise')],
    ['another value', { isLow: (w) => w.n < 3 }, otherwise('low')],
    ['a value that reads more', { isLow: (w) => w.n < 2 && w.other < 3 }, otherwise('low')],
    ['another antecedent', { hasGiven: (w) => w.n >= 0 }, otherwise('given')],
  ])('code with %s', (_, changed, expected) => {
    expect(difference(() => {}, changed).problem).toBe(expected)
  })

  it('code that fails', () => {
    const rise = () => {
      throw new Error('it cannot')
    }
    expect(difference(() => {}, { rise }).problem).toMatch(/^rise: .*it cannot/)
    const { compiled, log, predicates } = watched()
    compiled.record = () => {
      throw new RangeError('no memory')
    }
    expect(() => log.repeat(recorded(), compiled, predicates)).toThrow(RangeError)
  })
})
