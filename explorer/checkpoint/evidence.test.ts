import { describe, expect, it } from 'vitest'
import { choice, program, step } from '../../model/language/program.ts'
import { Oops, type Property } from '../../model/language/property.ts'
import { range, struct, type View } from '../../model/language/shapes.ts'
import { compose, one } from '../../model/language/system.ts'
import { CompiledSystem } from '../compile/compiled-system.ts'
import { PREDICATE_VALUE } from '../compile/predicates.ts'
import { contradictionIn } from './evidence.ts'

const world = struct({ n: range(0, 3) })
type World = View<typeof world>

const UP = 0
const BURN = 1
/** Counts to 3 and burns there; one of its steps is never enabled. */
const system = compose({
  name: 'lamp',
  world,
  threads: [
    one(
      program<World>('lamp', 'is turned up', [
        choice('turn', [
          step('up', {}, { when: (w) => w.n < 3, does: (w) => void w.n++, to: 'turn' }),
          step(
            'burn',
            {},
            {
              when: (w) => w.n === 3,
              does: () => {
                throw new Oops('no-burn', '')
              },
            },
          ),
          step('never', {}, { when: () => false }),
        ]),
      ]),
    ),
  ],
  initial: [() => {}],
})

type Action = Extract<Property<World>, { kind: 'action' }>
const actions: Action[] = [
  { kind: 'action', id: 'grows', title: '', holds: (before, _, after) => after.n > before.n },
  { kind: 'action', id: 'not-to-two', title: '', given: (w) => w.n > 0, holds: (_, __, w) => w.n !== 2 },
  { kind: 'action', id: 'not-from-three', title: '', given: (w) => w.n > 2, holds: () => false },
]
const always = () => true

/** Every kind; the predicates are numbered in this order. */
const properties: Property<World>[] = [
  { kind: 'invariant', id: 'holds', title: '', holds: always },
  { kind: 'invariant', id: 'fails', title: '', holds: always },
  { kind: 'invariant', id: 'vacuous', title: '', holds: always },
  { kind: 'witness', id: 'seen', title: '', seen: always },
  { kind: 'witness', id: 'unseen', title: '', seen: always },
  { kind: 'progress', id: 'ends', title: '', goal: always },
  ...actions,
  { kind: 'deadlock', id: 'no-deadlock', title: '' },
  { kind: 'fault', id: 'no-burn', title: '' },
  { kind: 'fault', id: 'no-flood', title: '' },
  { kind: 'eventually', id: 'settles', title: '', goal: always },
]

/** What a search of the lamp to its end has found, all of it to be changed. */
function soundSearch() {
  const compiled = new CompiledSystem(system, { actions })
  const { layout } = system
  const words = new Int32Array(layout.words)
  const encoded = Uint16Array.from(system.initial[0])
  const n = layout.fields.findIndex(({ path }) => path === 'world.n')
  for (encoded[n] = 0; encoded[n] <= 3; encoded[n]++) {
    layout.pack(encoded, words, 0)
    for (const each of compiled.steps) compiled.record(each, words, 0)
  }
  const { holds, fails, vacuous } = PREDICATE_VALUE
  return {
    states: 4,
    head: 4,
    transitions: 4,
    deadlocks: 0,
    fired: [3, 1, 0],
    antecedents: new Map<string, number>([
      ['holds', 4],
      ['fails', 2],
      ['vacuous', 0],
      ['seen', 1],
      ['unseen', 0],
      ['ends', 4],
      ['grows', 3],
      ['not-to-two', 2],
    ]),
    findings: new Map<string, { state: number; step: number | null }>([
      ['fails', { state: 1, step: null }],
      ['seen', { state: 3, step: null }],
      ['not-to-two', { state: 1, step: UP }],
      ['no-burn', { state: 3, step: BURN }],
    ]),
    properties: [...properties],
    compiled,
    looksAhead: false,
    values: [[holds], [fails], [vacuous], [holds, fails], [fails], [holds, fails]] as number[][],
  }
}
type Search = ReturnType<typeof soundSearch>
type Change = (search: Search) => unknown

function contradictionAfter(change: Change): string | null {
  const search = soundSearch()
  change(search)
  const antecedents = search.properties.map(({ id }) => search.antecedents.get(id) ?? 0)
  return contradictionIn({ ...search, antecedents }, search.properties as Property<never>[], {
    ...search,
    hadValue: (predicate, value) => search.values[predicate].includes(value),
  })
}

const otherFinding = (id: string): string => `what was found about ${id} is not what its recordings say`
const noFinding = 'it has a finding that no search makes'
const often = (id: string): string =>
  `the antecedent of ${id} was true more often than there were states or steps`
const judged = (id: string, times: number): string =>
  `the antecedent of ${id} was true ${times} times, but its recordings say otherwise`
const taken = (name: string, times: number): string =>
  `step ${name} was taken ${times} times, but its recordings say otherwise`

describe('what the recordings bear out', () => {
  it.each<[string, Change]>([
    ['all that a search says', () => {}],
    ['as many deadlocks as expanded states', (s) => deadlock(s, 4)],
    ['each state judged', (s) => s.antecedents.set('fails', 4)],
    ['each step judged', (s) => s.antecedents.set('grows', 4)],
    [
      'steps judged more often than there are states',
      (s) => {
        s.fired[UP] = 8
        s.transitions = 9
        s.antecedents.set('grows', 9)
      },
    ],
    ['a finding in the last state', (s) => s.findings.set('fails', { state: 3, step: null })],
    ['a fault besides', (s) => anotherFault(s)],
    ['a finding in a state that is not expanded', (s) => notExpanded(s)],
    ['a fault of which no property speaks', (s) => undeclare(s, 'no-burn')],
    [
      'a look ahead at a step that was not taken',
      (s) => {
        s.looksAhead = true
        s.fired = [4, 0, 0]
      },
    ],
    ['a look ahead at a fault', (s) => ahead(s).findings.delete('no-burn')],
    [
      'a look ahead at a fault of which no property speaks',
      (s) => {
        undeclare(ahead(s), 'no-burn')
        s.findings.delete('no-burn')
      },
    ],
    ['a look ahead at a violation', (s) => ahead(s).findings.delete('not-to-two')],
    ['a look ahead at what there is to judge', (s) => ahead(s).antecedents.set('grows', 0)],
  ])('%s', (_, change) => {
    expect(contradictionAfter(change)).toBe(null)
  })
})

describe('what they contradict', () => {
  it.each<[string, Change, string]>([
    ['counts of fewer steps', (s) => s.fired.pop(), 'it has counts of other steps or properties'],
    ['counts of more steps', (s) => s.fired.push(0), 'it has counts of other steps or properties'],
    ['a sum', (s) => s.transitions++, 'the counts of its steps do not add up to its transitions'],
    ['more deadlocks than states', (s) => deadlock(s, 5), 'it has more deadlocks than expanded states'],
    ['a step not taken', (s) => shift(s, UP, BURN), taken('up', 0)],
    ['a step never enabled', (s) => shift(s, BURN, 2), taken('burn', 0)],
    [
      'a step never enabled, when looking ahead',
      (s) => {
        shift(ahead(s), BURN, 2)
      },
      taken('never', 1),
    ],
    ['an invariant judged too often', (s) => s.antecedents.set('holds', 5), often('holds')],
    [
      'an invariant judged more often than there are states, though not than steps were taken',
      (s) => {
        s.fired[UP] = 8
        s.transitions = 9
        s.antecedents.set('holds', 5)
      },
      often('holds'),
    ],
    ['a step judged too often', (s) => s.antecedents.set('grows', 5), often('grows')],

    ['a finding in no state', (s) => s.findings.set('fails', { state: 4, step: null }), noFinding],
    ['an invariant that a step breaks', (s) => s.findings.set('fails', { state: 1, step: UP }), noFinding],
    [
      'an action that a state breaks',
      (s) => s.findings.set('not-to-two', { state: 1, step: null }),
      noFinding,
    ],
    ['a fault in a state', (s) => s.findings.set('no-burn', { state: 3, step: null }), noFinding],
    [
      'a fault in a state, of which no property speaks, beside a deadlock',
      (s) => {
        deadlock(undeclare(s, 'no-burn'), 1)
        s.findings.set('no-burn', { state: 3, step: null })
      },
      noFinding,
    ],
    ['a step from no state', (s) => s.findings.set('not-to-two', { state: 4, step: UP }), noFinding],
    [
      'a step from a state that is not expanded',
      (s) => {
        s.head = 3
        s.findings.set('not-to-two', { state: 3, step: UP })
      },
      noFinding,
    ],
    ['a step that there is not', (s) => s.findings.set('not-to-two', { state: 1, step: 3 }), noFinding],
    ['a finding of nothing', (s) => s.findings.set('other', { state: 1, step: null }), noFinding],
    [
      'a finding of nothing, beside a deadlock',
      (s) => deadlock(s, 1).findings.set('other', { state: 1, step: null }),
      noFinding,
    ],
    ['a fault that no step has', (s) => s.findings.set('other', { state: 1, step: UP }), noFinding],

    ['that holds was asked', (s) => s.antecedents.set('holds', 0), judged('holds', 0)],
    ['that fails was asked', (s) => s.antecedents.set('fails', 0), judged('fails', 0)],
    ['that vacuous was not', (s) => s.antecedents.set('vacuous', 1), judged('vacuous', 1)],
    ['that a witness was seen', (s) => s.antecedents.set('seen', 0), judged('seen', 0)],
    ['that a witness was not', (s) => s.antecedents.set('unseen', 1), judged('unseen', 1)],
    ['that a goal was seen', (s) => s.antecedents.set('ends', 0), judged('ends', 0)],
    ['that a goal was not', (s) => goalsFail(s), judged('ends', 4)],
    ['that an action was judged', (s) => s.antecedents.set('grows', 0), judged('grows', 0)],
    ['that an action was not', (s) => s.antecedents.set('not-from-three', 1), judged('not-from-three', 1)],
    ['judged deadlocks', (s) => s.antecedents.set('no-deadlock', 1), judged('no-deadlock', 1)],
    ['judged faults', (s) => s.antecedents.set('no-burn', 1), judged('no-burn', 1)],
    ['judged behaviours', (s) => s.antecedents.set('settles', 1), judged('settles', 1)],
    [
      'judged, though looking ahead, what was not recorded',
      (s) => ahead(s).antecedents.set('vacuous', 1),
      judged('vacuous', 1),
    ],

    ['that it fails', (s) => s.findings.delete('fails'), otherFinding('fails')],
    ['that the first fails', (s) => void s.values[0].push(PREDICATE_VALUE.fails), otherFinding('holds')],
    ['that it holds', (s) => found(s, 'holds'), otherFinding('holds')],
    ['that it was reached', (s) => s.findings.delete('seen'), otherFinding('seen')],
    ['that it was not', (s) => found(s, 'unseen'), otherFinding('unseen')],
    ['that progress is judged at the end', (s) => found(s, 'ends'), otherFinding('ends')],
    ['that a step broke it', (s) => s.findings.delete('not-to-two'), otherFinding('not-to-two')],
    ['that no step broke it', (s) => found(s, 'grows', UP), otherFinding('grows')],
    [
      'that a deadlock was found',
      (s) => {
        s.deadlocks = 1
      },
      otherFinding('no-deadlock'),
    ],
    ['that none was', (s) => found(s, 'no-deadlock'), otherFinding('no-deadlock')],
    ['that a fault occurs', (s) => s.findings.delete('no-burn'), otherFinding('no-burn')],
    ['that a fault does not', (s) => found(s, 'no-flood'), otherFinding('no-flood')],
    ['that behaviours are judged elsewhere', (s) => found(s, 'settles'), otherFinding('settles')],
    [
      'a violation, though looking ahead, that was not recorded',
      (s) => found(ahead(s), 'grows', UP),
      otherFinding('grows'),
    ],
    [
      'that a fault of which no property speaks occurs',
      (s) => undeclare(s, 'no-burn').findings.delete('no-burn'),
      'the fault no-burn occurs, but was not found',
    ],
  ])('%s', (_, change, expected) => {
    expect(contradictionAfter(change)).toBe(expected)
  })

  it('counts of more or fewer properties', () => {
    const { compiled, ...search } = soundSearch()
    const evidence = { compiled, hadValue: () => true, looksAhead: true }
    for (const antecedents of [[], [1, 1]])
      expect(contradictionIn({ ...search, antecedents }, [properties[0] as Property<never>], evidence)).toBe(
        'it has counts of other steps or properties',
      )
  })
})

function ahead(search: Search): Search {
  search.looksAhead = true
  return search
}

function deadlock(search: Search, deadlocks: number): Search {
  search.deadlocks = deadlocks
  search.findings.set('no-deadlock', { state: 0, step: null })
  return search
}

/** Claims that all that was taken of one step was taken of another. */
function shift({ fired }: Search, from: number, to: number): void {
  fired[to] += fired[from]
  fired[from] = 0
}

function found(search: Search, id: string, step: number | null = null): void {
  search.findings.set(id, { state: 1, step })
}

function notExpanded(search: Search): void {
  search.head = 3
  search.findings.set('no-burn', { state: 2, step: BURN })
}

function undeclare(search: Search, id: string): Search {
  search.properties = search.properties.filter((property) => property.id !== id)
  return search
}

function anotherFault({ compiled, findings }: Search): void {
  compiled.faults.push(new Oops('no-second', ''))
  findings.set('no-second', { state: 0, step: BURN })
}

function goalsFail({ values }: Search): void {
  values[5] = [PREDICATE_VALUE.fails]
}
