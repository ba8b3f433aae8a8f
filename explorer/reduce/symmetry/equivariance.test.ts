import { describe, expect, it } from 'vitest'
import { choice, type Entry, program, step } from '../../../model/language/program.ts'
import type { Property } from '../../../model/language/property.ts'
import { array, flag, range, ref, setOf, sort, struct, type View } from '../../../model/language/shapes.ts'
import { compose, each, one } from '../../../model/language/system.ts'
import { breadthFirst } from '../../search/breadth-first.ts'
import { AsymmetryError } from './asymmetry.ts'

const cpu = sort('cpu', 3)
const page = sort('page', 2)
const shape = struct({
  lock: ref(cpu),
  mode: array(cpu, range(0, 2)),
  page: array(page, flag),
  got: array(cpu, ref(page)),
  todo: setOf(cpu),
})
type World = View<typeof shape>

function systemOf(...entries: readonly Entry<World>[]) {
  return compose({
    name: 'claimed',
    world: shape,
    threads: [each(cpu, program<World>('cpu', 'a processor', entries))],
    initial: [() => {}],
    symmetric: [cpu, page],
  })
}
const enter = step<World>(
  'enter',
  {},
  {
    does: (w, v) => {
      w.mode[v] = 1
    },
  },
)

function refusal(search: () => unknown): AsymmetryError {
  try {
    search()
  } catch (error) {
    if (error instanceof AsymmetryError) return error
    throw error
  }
  throw new Error('the claim was not refused')
}

describe('model code that knows ids by name is refused', () => {
  const cases: Readonly<Record<string, { entries: Entry<World>[]; sort: string; says: RegExp }>> = {
    'a guard that asks for id 0': {
      entries: [step<World>('first', {}, { when: (_, v) => v === 0 }), enter],
      sort: 'cpu',
      says: /step first of cpu0 treats ids 0 and 1 of sort cpu differently \(it is taken, and with the ids exchanged it is not enabled\)/,
    },
    'an effect that names an id': {
      entries: [
        step<World>(
          'kick',
          {},
          {
            does: (w) => {
              w.mode[2] = 2
            },
          },
        ),
      ],
      sort: 'cpu',
      says: /step kick of cpu0 treats ids 1 and 2 of sort cpu differently \(with the ids exchanged it leaves world\.mode\[1\] = 0, not 2\)/,
    },
    'an order of ids': {
      entries: [
        step<World>(
          'take',
          {},
          {
            does: (w, v) => {
              w.lock = v
            },
          },
        ),
        step<World>('above', {}, { when: (w, v) => v <= (w.lock as number) }),
      ],
      sort: 'cpu',
      says: /step above of cpu/,
    },
    'an id that is named although nothing distinguishes it': {
      entries: [
        step<World>(
          'grab',
          {},
          {
            when: (w, v) => w.got[v] === null,
            does: (w, v) => {
              w.got[v] = 0
            },
          },
        ),
      ],
      sort: 'page',
      says: /step grab of cpu0 treats ids 0 and 1 of sort page differently \(with the ids exchanged it leaves world\.got\[0\] = 0, not 1\)/,
    },
    'the lowest free id': {
      entries: [
        step<World>(
          'allocate',
          {},
          {
            when: (w) => !w.page[0] || !w.page[1],
            does: (w, v) => {
              const free = w.page[0] ? 1 : 0
              w.page[free] = true
              w.got[v] = free
            },
          },
        ),
      ],
      sort: 'page',
      says: /step allocate of cpu0 treats ids 0 and 1 of sort page differently/,
    },
  }
  it.each(Object.entries(cases))('%s', (_, { entries, sort, says }) => {
    const system = systemOf(...entries)
    const error = refusal(() => breadthFirst(system, [], { reduce: 'symmetry' }))
    expect(error.message).toMatch(says)
    expect(error.message).toContain('take it off `symmetric`')
    expect(error.sort.name).toBe(sort)
    const other = breadthFirst(system, [], { reduce: 'all' })
    const names = other.reduction.symmetry?.sorts.map(({ name }) => name)
    expect(names).toEqual(sort === 'cpu' ? ['page'] : ['cpu'])
    expect(other.reduction.notApplied[0]).toEqual({ kind: 'asymmetric', why: error.message })
  })
})

it('a choice written as one step per id is no asymmetry', () => {
  const takes = [0, 1].map((p) =>
    step<World>(
      `take[${p}]`,
      {},
      {
        when: (w) => !w.page[p],
        does: (w, v) => {
          w.page[p] = true
          w.got[v] = p
        },
      },
    ),
  )
  const system = systemOf(choice('take', takes))
  const full = breadthFirst(system, [])
  const reduced = breadthFirst(system, [], { reduce: 'symmetry' })
  expect(reduced.reduction.symmetry?.represented).toBe(full.states)
  expect(reduced.states).toBe(3)
})

it('code that stops looking at the first hit is checked on all it might look at', () => {
  // `some` reads mode[0], and mode[1] only if that is no hit: what it reads depends on names, what it says does not.
  const wait = step<World>(
    'wait',
    {},
    { when: (w) => w.mode.length > 0 && [0, 1, 2].some((v) => w.mode[v] > 0) },
  )
  const system = systemOf(enter, wait)
  const full = breadthFirst(system, [])
  const reduced = breadthFirst(system, [], { reduce: 'symmetry' })
  expect(reduced.reduction.symmetry?.represented).toBe(full.states)
  // This one asks the same of the ids in the same order, but gives id 0 the word.
  const wrong = step<World>('wait', {}, { when: (w) => [0, 1, 2].find((v) => w.mode[v] > 0) === 0 })
  expect(refusal(() => breadthFirst(systemOf(enter, wrong), [], { reduce: 'symmetry' })).message).toMatch(
    /step wait of cpu\d treats ids 0 and 1 of sort cpu differently/,
  )
})

it('a recording is checked for all states in which it is replayed, not only for the given one', () => {
  // Asks two of three ids and stops at a hit: harmless while two of the three would be hits, wrong once one is.
  for (const [first, second] of [
    [0, 1],
    [1, 0],
    [0, 2],
    [2, 0],
    [1, 2],
    [2, 1],
  ]) {
    for (const value of [0, 1]) {
      const ask = step<World>(
        'ask',
        {},
        { when: (w) => w.mode[first] === value || w.mode[second] === value, to: 'run' },
      )
      const leave = step<World>(
        'leave',
        {},
        {
          when: (w, v) => w.mode[v] === value,
          does: (w, v) => {
            w.mode[v] = 1 - value
          },
          to: 'run',
        },
      )
      const system = compose({
        name: 'claimed',
        world: shape,
        threads: [each(cpu, program<World>('cpu', 'a processor', [choice('run', [ask, leave])]))],
        initial: [
          (w) => {
            for (const v of [0, 1, 2]) w.mode[v] = v === 2 ? 1 - value : value
          },
        ],
        symmetric: [cpu],
      })
      expect(refusal(() => breadthFirst(system, [], { reduce: 'symmetry' })).message).toMatch(
        /step ask of cpu/,
      )
    }
  }
})

it('code that is checked must do what it did for the search', () => {
  let calls = 0
  const fickle = step<World>('fickle', {}, { when: () => calls++ < 2 })
  expect(() => breadthFirst(systemOf(fickle), [], { reduce: 'symmetry' })).toThrow(
    /step fickle of cpu0 differs when it is evaluated again on the same state/,
  )
})

describe('properties that know ids by name are refused', () => {
  const cases: readonly Property<World>[] = [
    { kind: 'invariant', id: 'by-name', title: '', holds: (w) => w.mode[1] === 0 },
    { kind: 'invariant', id: 'by-name', title: '', given: (w) => w.mode[1] === 0, holds: () => true },
    { kind: 'witness', id: 'by-name', title: '', seen: (w) => w.mode[0] === 1 },
    { kind: 'progress', id: 'by-name', title: '', goal: (w, at) => at.cpu[0] === 'done' && w.lock === null },
    { kind: 'action', id: 'by-name', title: '', holds: (_, { self }) => self !== 2 },
  ]
  it.each(cases.map((property) => [property.kind, property] as const))('%s', (kind, property) => {
    const system = systemOf(enter)
    const error = refusal(() => breadthFirst(system, [property], { reduce: 'symmetry' }))
    expect(error.message).toMatch(kind === 'action' ? /by-name/ : /property by-name treats ids/)
    const [full, all] = (['none', 'all'] as const).map((reduce) =>
      breadthFirst(system, [property], { reduce }),
    )
    expect(all.properties[0].verdict).toBe(full.properties[0].verdict)
    expect(all.reduction.symmetry?.sorts.map(({ name }) => name)).toEqual(['page'])
  })
})

it('a thread that is none of the interchangeable ones may not name one of them either', () => {
  const give = step<World>(
    'give',
    {},
    {
      when: (w) => w.lock === null,
      does: (w) => {
        w.lock = 1
      },
    },
  )
  const use = step<World>('use', {}, { when: (w, v) => w.lock === v })
  const system = compose({
    name: 'claimed',
    world: shape,
    threads: [
      each(cpu, program<World>('cpu', 'a processor', [use])),
      one(program<World>('other', 'chooses', [give])),
    ],
    initial: [() => {}],
    symmetric: [cpu],
  })
  expect(refusal(() => breadthFirst(system, [], { reduce: 'symmetry' })).message).toMatch(
    /step give of other treats ids 0 and 1 of sort cpu differently/,
  )
})
