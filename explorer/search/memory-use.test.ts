import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { program, step } from '../../model/language/program.ts'
import type { LivenessProperty, Property } from '../../model/language/property.ts'
import { array, range, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, one, type System } from '../../model/language/system.ts'
import { comparable } from '../checkpoint/testing/interrupted-searches.ts'
import { twoPhaseModel } from '../oracles/models.ts'
import { ExactSet } from '../state/exact-set.ts'
import { VectorStore } from '../state/vector-store.ts'
import { breadthFirst, type SearchOptions } from './breadth-first.ts'
import { LabelledGraph } from './liveness/labelled-graph.ts'
import { evaluateLiveness } from './liveness/liveness.ts'
import { searchRandom } from './random/search-random.ts'
import { StateGraph } from './state-graph.ts'

const directory = mkdtempSync(join(tmpdir(), 'memory-'))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const KIB = 1024
const { system, properties } = twoPhaseModel(6)
const [consistent] = properties
const STATES = 50_816

const counter = sort('counter', 5)
const world = struct({ ticks: array(counter, range(0, 9)) })
type World = View<typeof world>
const up = (when: (w: World, self: number) => boolean, does: (w: World, self: number) => void) =>
  program<World>('counter', 'counts', [step('up', {}, { when, does, to: 'up' })])
const isDone = (w: World): boolean => w.ticks.length === 5 && [0, 1, 2, 3, 4].every((n) => w.ticks[n] === 9)

/** Five counters to nine: 10 ** 5 states with four and a half steps from each. */
const wide = compose({
  name: 'wide',
  world,
  threads: [
    each(
      counter,
      up(
        (w, self) => w.ticks[self] < 9,
        (w, self) => {
          w.ticks[self]++
        },
      ),
    ),
  ],
  initial: [() => {}],
})
/** One counter of five digits: as many states, with one step from each. */
const narrow = compose({
  name: 'narrow',
  world,
  threads: [
    one(
      up(
        (w) => !isDone(w),
        (w) => {
          let digit = 0
          while (w.ticks[digit] === 9) w.ticks[digit++] = 0
          w.ticks[digit]++
        },
      ),
    ),
  ],
  initial: [() => {}],
})
const canEnd: Property<World> = { kind: 'progress', id: 'can-end', title: '', goal: isDone }
const ends: Property<World> = { kind: 'eventually', id: 'ends', title: '', goal: isDone }

describe('a table that cannot be larger', () => {
  it.each<[SearchOptions, number]>([
    [{ storage: 'exact' }, 512 * KIB],
    [{ storage: 'fingerprint' }, 256 * KIB],
    [{ storage: 'fingerprint', fingerprintBits: 96 }, 512 * KIB],
    [{ storage: 'fingerprint', fingerprintBits: 128 }, 512 * KIB],
  ])('of states ends the search before it is full, and it can continue: %o', (options, mostArrayBytes) => {
    const run = (more: SearchOptions) => breadthFirst(system, [consistent], { ...options, ...more })
    const whole = run({})
    expect(whole.states).toBe(STATES)
    const cut = run({ mostArrayBytes, checkpoint: { directory } })
    expect(cut.incompleteReason).toEqual({ kind: 'table-full', table: 'visited states' })
    expect(cut.properties[0].verdict).toBe('inconclusive')
    // The table is not left half empty.
    const slots = mostArrayBytes / ((options.fingerprintBits ?? 64) / 8)
    expect(cut.states).toBeLessThanOrEqual(0.75 * 2 ** Math.floor(Math.log2(slots)))
    expect(cut.states).toBeGreaterThan(1000)
    expect(run({ mostArrayBytes, resume: directory }).states).toBe(cut.states)
    expect(comparable(run({ resume: directory }))).toEqual(comparable(whole))
  })

  it('of steps between states ends it too', () => {
    const run = (mostArrayBytes: number) => breadthFirst(wide, [canEnd], { mostArrayBytes })
    const cut = run(1024 * KIB)
    expect(cut.incompleteReason).toEqual({ kind: 'table-full', table: 'steps between states' })
    expect(cut.properties[0].verdict).toBe('inconclusive')
    expect(run(4096 * KIB)).toMatchObject({ complete: true, states: 100_000 })
  })

  it('of transition records ends it too', () => {
    const cut = breadthFirst(system, [], { mostArrayBytes: 20 * KIB, storage: 'fingerprint' })
    expect(cut.incompleteReason).toEqual({ kind: 'table-full', table: 'transition records' })
    expect(cut.complete).toBe(false)
  })

  it('of the graph of liveness leaves its verdict open', () => {
    const run = (system: System<World>, mostArrayBytes: number) =>
      evaluateLiveness(system, [ends as LivenessProperty<World>], { mostArrayBytes })[0]
    for (const [system, what] of [
      [narrow, 'visited states'],
      [wide, 'steps between states'],
    ] as const) {
      expect(run(system, 512 * KIB)).toMatchObject({
        verdict: 'inconclusive',
        reason: { kind: 'table-full', table: what },
      })
      expect(run(system, 4096 * KIB).verdict).toBe('holds')
    }
  })

  it('is helped by partial order, where `all` was asked for', () => {
    const run = (reduce: 'all' | 'none') => breadthFirst(wide, [], { reduce, mostArrayBytes: 512 * KIB })
    expect(run('none').complete).toBe(false)
    const reduced = run('all')
    expect([reduced.complete, reduced.reduction.partialOrder !== null]).toEqual([true, true])
  })
})

describe('a search of a part', () => {
  it.each(['walks', 'priorities', 'preemptions'] as const)('by %s ends before a table is full', (method) => {
    const options = { method, walks: 10_000, maxPreemptions: 4, maxDepth: 45 }
    const run = (mostArrayBytes: number) => searchRandom(wide, [], { ...options, mostArrayBytes })
    const cut = run(64 * KIB)
    expect(cut.incompleteReason).toMatchObject({ stopped: { kind: 'table-full' } })
    expect(cut.states).toBeLessThan(64 * 128)
    expect(cut.states).toBeGreaterThan(100)
  })

  it('by preemptions says so when only the turns are too many', () => {
    const run = (most: number) =>
      searchRandom(wide, [], { method: 'preemptions', maxPreemptions: 4, mostArrayBytes: most })
    const { incompleteReason } = run(128 * KIB)
    expect(incompleteReason).toMatchObject({ stopped: { kind: 'table-full', table: 'turns' } })
    expect(incompleteReason).toMatchObject({ kind: 'preemptions', upTo: expect.any(Number) })
  })
})

describe('what tables say of their room', () => {
  it('a set of states takes as many as it says, and finds them', () => {
    const store = new VectorStore(1, true)
    const set = new ExactSet(store, 16, 1024)
    expect(set.mostStates).toBe(85)
    for (let n = 0; n < set.mostStates; n++) expect(set.insertState(Int32Array.of(n), 0, n, 0)).toBe(~n)
    expect(set.bytes).toBe(1024)
    for (let n = 0; n < set.mostStates; n++) expect(set.insertState(Int32Array.of(n), 0, n, 0)).toBe(n)
  })

  it('twice an index in the largest table fits in 32 bits', () => {
    const sets = new ExactSet(new VectorStore(1, true), 16, 2 ** 60)
    expect(sets.mostStates).toBe(Math.floor((2 ** 30 * 2) / 3))
    expect((2 ** 30 - 1) << 1).toBeGreaterThan(0)
  })

  it('edges and labelled edges say what they will allocate, and allocate no more', () => {
    const stateGraph = new StateGraph()
    const before = stateGraph.bytes
    expect(stateGraph.growthFor(1, 4096)).toBe(0)
    const growth = stateGraph.growthFor(1, 4097)
    for (let n = 0; n < 4097; n++) stateGraph.add(0, 0)
    expect(stateGraph.bytes).toBeLessThanOrEqual(before + growth)
    expect([stateGraph.fits(1, 4000, 4 * 8192), stateGraph.fits(1, 5000, 4 * 8192)]).toEqual([true, false])
    const graph = new LabelledGraph()
    const empty = graph.bytes
    const more = graph.growthFor(1, 5000)
    for (let n = 0; n < 5000; n++) graph.add(0, 0)
    graph.close()
    expect(graph.bytes).toBeLessThanOrEqual(empty + more)
    expect([graph.fits(1, 3000, 4 * 8192), graph.fits(1, 3200, 4 * 8192)]).toEqual([true, false])
  })
})
