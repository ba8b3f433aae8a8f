import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

/** Sizes so small that searches of some dozen states cross chunks and look at the limits often. */
vi.hoisted(() => {
  const sizes = { chunkBits: 3, slice: 4, array: 8, children: 2 }
  Object.assign(globalThis, { [Symbol.for('mmucheck.sizes')]: sizes })
})

import { program, step } from '../../model/language/program.ts'
import type { Property } from '../../model/language/property.ts'
import { array, range, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'
import { type Reductions, UNREDUCED } from '../reduce/reduction.ts'
import { breadthFirst, type SearchOptions } from '../search/breadth-first.ts'
import { engineFor } from '../search/composition.ts'
import { ParentTable } from '../search/parent-table.ts'
import { writeCheckpoint } from './checkpoint-files.ts'
import { FOLLOWING } from './checkpoint-paths.ts'
import { checkpointingFor } from './checkpointing.ts'
import { refusedIn, type SearchCheckpoint } from './search-checkpoint.ts'
import { type Forge, type Forgery, forge, int32, refusalOf } from './testing/forged-checkpoints.ts'
import { comparable, interrupted, stopChecksIn } from './testing/interrupted-searches.ts'

const left = sort('left', 2)
const right = sort('right', 2)
const world = struct({ l: array(left, range(0, 2)), r: array(right, range(0, 2)), from: range(0, 2) })
type World = View<typeof world>

const counts = (kind: 'l' | 'r') =>
  program<World>(kind, 'counts', [
    step(
      'up',
      {},
      {
        when: (w, self) => w[kind][self] < 2,
        does: (w, self) => {
          w[kind][self]++
        },
        to: 'up',
      },
    ),
  ])

/** Four threads count to 2 each, from three initial states of which two are the same. */
function counters(symmetric = [left, right]): System {
  const threads = [each(left, counts('l')), each(right, counts('r'))]
  const initial = [0, 0, 2].map((from) => (w: World) => {
    w.from = from
  })
  return compose({ name: 'counters', world, threads, initial, symmetric })
}
const system = counters()
const properties: Property<World>[] = [
  { kind: 'invariant', id: 'low', title: '', given: (w) => w.from === 0, holds: (w) => w.l[0] + w.l[1] < 3 },
  { kind: 'witness', id: 'high', title: '', seen: (w) => w.r[0] === 2 && w.r[1] === 2 },
  { kind: 'action', id: 'late', title: '', given: (w) => w.from === 2, holds: (w) => w.l[0] + w.l[1] < 2 },
  { kind: 'deadlock', id: 'free', title: '' },
]
const goal: Property<World> = {
  kind: 'progress',
  id: 'goal',
  title: '',
  goal: (w) => w.l[0] + w.l[1] === 4 && w.from === 0,
}

/** How the system is searched; where states are kept in full, progress is judged. */
const MANNERS = {
  exact: {},
  lossy: { storage: 'fingerprint' },
  orbits: { reduce: 'symmetry' },
  ordered: { reduce: 'por' },
} as const satisfies Record<string, SearchOptions>
type Name = keyof typeof MANNERS
const NAMES = Object.keys(MANNERS) as Name[]

const search =
  (name: Name, of = system) =>
  (more: SearchOptions) =>
    breadthFirst(of, name === 'lossy' ? properties : [...properties, goal], { ...MANNERS[name], ...more })

let folder = ''
let directory = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'search-checkpoint-'))
  directory = join(folder, 'cp')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Checkpoints of searches in their midst, each made by the first test that needs it. */
const sound = new Map<Name, string>()
afterAll(() => {
  for (const each of sound.values()) rmSync(each, { recursive: true, force: true })
})

/** Puts a copy in the place. */
function copySound(name: Name): void {
  if (!sound.has(name)) {
    const place = mkdtempSync(join(tmpdir(), 'search-checkpoint-'))
    interrupted(search(name), place, stopChecksIn(search(name)) >> 1)
    sound.set(name, place)
  }
  cpSync(sound.get(name) as string, directory, { recursive: true })
}

function forged(name: Name, change: Forge) {
  copySound(name)
  forge(directory, change)
  return search(name)({ resume: directory })
}

describe.each(NAMES)('a search resumes where it stood: %s', (name) => {
  it('from its beginning, its midst and its end', () => {
    const whole = comparable(search(name)({}))
    const looks = stopChecksIn(search(name))
    expect(looks).toBeGreaterThan(4)
    for (const look of [0, looks >> 1, looks - 1]) {
      interrupted(search(name), directory, look)
      expect(comparable(search(name)({ resume: directory }))).toEqual(whole)
    }
  })

  it('from a copy with new checksums', () => {
    expect(comparable(forged(name, () => {}))).toEqual(comparable(search(name)({})))
  })
})

describe.each(['exact', 'ordered'] as const)('what cannot be: %s', (name) => {
  const refusal = (change: Forge) => refusalOf(() => forged(name, change))
  const children = ({ sections, meta }: Forgery) => sections.genealogy.subarray(2 * meta.states)

  it.each<[string, Forge, string]>([
    ['a sum', ({ meta }) => meta.search.position.transitions++, 'do not add up to its transitions'],
    ['no initial state', initials(), 'no search leaves such a parent table'],
    ['one that there is not', initials(0, 3), 'its initial states are not those of the model'],
    ['in another order', initials(2, 0), 'its initial states are not those of the model'],
    ['one twice', initials(2, 2), 'its initial states are not those of the model'],
    ['a child too many', (forgery) => children(forgery)[0]++, 'no search leaves such a parent table'],
    [
      'half a state expanded',
      ({ meta }) => {
        meta.search.position.head += 0.5
      },
      'is not one of a breadth-first search',
    ],
  ])('%s', (_, change, expected) => {
    expect(refusal(change)).toContain(expected)
  })

  it('the reductions of another search', () => {
    const expected = 'it has other reductions than it says'
    const other: Forge = ({ meta }) => {
      const { reductions } = meta.search
      reductions.symmetry = reductions.symmetry === null ? { represented: 1 } : null
    }
    expect(refusal(other)).toContain(expected)
    const another: Forge = ({ meta }) => {
      const { reductions } = meta.search
      reductions.partialOrder = reductions.partialOrder === null ? { reduced: 1, passed: 1 } : null
    }
    expect(refusal(another)).toContain(expected)
  })
})

describe('what is no search', () => {
  it.each<[string, (search: Forgery['meta']) => void]>([
    ['no position', (s) => delete s.position],
    ['no count', (s) => delete s.position.transitions],
    ['no time', (s) => delete s.position.seconds],
    ['less than no time', (s) => void s.position.seconds--],
    ['a step less than not taken', (s) => s.position.fired.push(-1)],
    ['judged less than never', (s) => s.position.antecedents.push(-1)],
    ['no initial states', (s) => delete s.initialOf],
    ['a count of nothing', (s) => s.large.push([1])],
    ['a finding nowhere', (s) => s.findings.push(['low', {}])],
    ['a finding by no step', (s) => s.findings.push(['low', { state: 0, step: -1 }])],
    ['a finding of a number', (s) => s.findings.push([1, { state: 0, step: null }])],
    ['no deadlocks', (s) => delete s.deadlocks],
    ['no reductions', (s) => delete s.reductions],
  ])('%s', (_, change) => {
    const expected = 'is not one of a breadth-first search'
    expect(refusalOf(() => forged('exact', ({ meta }) => change(meta.search)))).toContain(expected)
    expect(refusalOf(() => refusedIn(directory))).toContain(expected)
  })
})

/** Claims that these initial states, by number, are the first states. */
function initials(...numbers: number[]): Forge {
  return ({ meta }) => {
    meta.search.initialOf = numbers
  }
}

it('a violation that was recorded, but not found, unless there is a look-ahead', () => {
  const forget: Forge = ({ meta }) => {
    expect(meta.search.findings).toContainEqual(['low', expect.anything()])
    meta.search.findings = []
  }
  expect(refusalOf(() => forged('exact', forget))).toContain('what was found about low')
  expect(forged('ordered', forget).complete).toBe(true)
})

it('of initial states that are the same, the first counts', () => {
  for (const name of NAMES) {
    copySound(name)
    forge(directory, ({ meta }) => {
      expect(meta.search.initialOf).toEqual([0, 2])
    })
    expect(refusalOf(() => forged(name, initials(0, 1, 2)))).toMatch(
      /no search leaves such a parent table|are not the initial/,
    )
  }
})

/** Claims a search that has done nothing yet, with the first of its states. */
function nothingDone({ sections, meta }: Forgery, states: number, initialOf: readonly number[]): void {
  const { position } = meta.search
  const zero = (counts: readonly number[]) => counts.map(() => 0)
  const done = {
    head: 0,
    transitions: 0,
    fired: zero(position.fired),
    antecedents: zero(position.antecedents),
  }
  Object.assign(position, done)
  Object.assign(meta.search, { initialOf, large: [], findings: [], deadlocks: 0 })
  meta.states = states
  sections.states = sections.states.slice(0, 4 * system.layout.words * states)
  for (const name of ['recordings', 'genealogy', 'targets', 'first']) sections[name] = new Uint8Array(0)
}

it('fewer states than there are initial ones', () => {
  const refusal = (states: number, initialOf: readonly number[]) =>
    refusalOf(() => forged('exact', (forgery) => nothingDone(forgery, states, initialOf)))
  expect(refusal(0, [])).toContain('initial state 0 was not found')
  expect(refusal(1, [0, 2])).toContain('no search leaves such a parent table')
  expect(refusal(1, [0])).toContain('initial state 2 was not found')
})

describe('edges that cannot be', () => {
  it.each<[string, Forge, string]>([
    [
      'one that leads nowhere',
      ({ sections, meta }) => {
        int32(sections.targets)[0] = meta.states
      },
      'its edges are not those between its states',
    ],
    [
      'one that leads elsewhere',
      ({ sections }) => {
        const targets = int32(sections.targets)
        targets[0] = targets[1]
      },
      'the edges of state 0 are not those of the model',
    ],
    [
      'half of one',
      ({ sections }) => {
        sections.targets = sections.targets.slice(0, -2)
      },
      'targets has another length',
    ],
    [
      'that begin in half a place',
      ({ sections }) => {
        sections.first = sections.first.slice(0, -4)
      },
      'first has another length',
    ],
  ])('%s', (_, change, expected) => {
    expect(refusalOf(() => forged('exact', change))).toContain(expected)
  })
})

it.each(['exact', 'lossy'] as const)('a state whose successors were not found: %s', (name) => {
  interrupted(search(name), directory, 1)
  forge(directory, ({ meta }) => meta.search.position.head++)
  expect(refusalOf(() => search(name)({ resume: directory }))).toContain('a successor of it was not found')
})

it('path lengths of other states', () => {
  for (const by of [-2, 2]) {
    const change: Forge = ({ sections }) => {
      const longer = new Uint8Array(sections.chains.length + by)
      longer.set(sections.chains.subarray(0, longer.length))
      sections.chains = longer
    }
    expect(refusalOf(() => forged('ordered', change))).toContain('chains has another length')
  }
})

it('what one search takes for symmetric must be so for the other', () => {
  copySound('orbits')
  const other = search('orbits', counters([left]))
  expect(other({}).complete).toBe(true)
  expect(refusalOf(() => other({ resume: directory }))).toContain('is of another model or other properties')
})

it('the claims of symmetry that a search had refuted are returned', () => {
  copySound('exact')
  expect(refusedIn(directory)).toEqual([])
  const refused = [{ sort: 'left', why: 'it is not' }]
  forge(directory, ({ meta }) => {
    meta.search.reductions.refused = refused
  })
  expect(refusedIn(directory)).toEqual(refused)
})

describe('a checkpoint of this search itself', () => {
  const position = { head: 0, transitions: 0, seconds: 1, fired: [], antecedents: [] }
  const partsOf = (more: SearchOptions, reductions: Reductions = UNREDUCED) =>
    checkpointOf({ checkpoint: { directory }, ...more }, reductions)
  const checkpointOf = (options: SearchOptions, reductions: Reductions) =>
    engineFor(system, properties, options, reductions, checkpointingFor(system, options))
      .checkpoint as SearchCheckpoint
  const following = () => FOLLOWING.filter((name) => existsSync(join(directory, name)))
  const leaveFollowing = () => {
    for (const name of FOLLOWING) writeCheckpoint(join(directory, name), null, {})
    writeCheckpoint(join(directory, 'partial-order', 'liveness'), null, {})
  }

  it('is due, and holds its recordings', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(0)
    const checkpoint = partsOf({ checkpoint: { directory, every: 5 } })
    expect(checkpoint.due).toBe(false)
    now.mockReturnValue(5000)
    expect(checkpoint.due).toBe(true)
    expect(checkpoint.bytes).toBeGreaterThan(0)
    now.mockRestore()
  })

  it('forgets the searches that followed another one, once', () => {
    leaveFollowing()
    expect(following()).toEqual([...FOLLOWING])
    const checkpoint = partsOf({})
    checkpoint.save(position, new ParentTable(1), [0])
    expect(following()).toEqual([])
    leaveFollowing()
    checkpoint.save({ ...position, head: 1 }, new ParentTable(1), [0])
    expect(following()).toEqual([...FOLLOWING])
  })

  it('leaves them where it follows itself', () => {
    leaveFollowing()
    partsOf({}, { ...UNREDUCED, stage: 'partial-order' }).save(position, new ParentTable(1), [0])
    expect(following()).toEqual([...FOLLOWING])
  })

  it('leaves them when it resumes', () => {
    copySound('exact')
    leaveFollowing()
    search('exact')({ resume: directory, checkpoint: { directory } })
    expect(following()).toEqual([...FOLLOWING])
  })

  it('needs a directory', () => {
    leaveFollowing()
    const checkpoint = checkpointOf({ resume: directory }, UNREDUCED)
    checkpoint.save(position, new ParentTable(1), [0])
    expect(following()).toEqual([...FOLLOWING])
  })

  it('has the length of the compressed path to each state, 0 included', () => {
    copySound('ordered')
    forge(directory, ({ sections, meta }) => {
      expect(sections.chains.length).toBe(2 * meta.states)
    })
    interrupted(search('ordered'), directory, 0)
    forge(directory, ({ sections, meta }) => {
      expect(sections.chains.length).toBe(2 * meta.states)
    })
  })
})
