import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tool } from '../../cli/testing/built-programs.ts'
import {
  countingModel,
  crashingModel,
  filterLockModel,
  randomGraphModel,
  randomModel,
  twoPhaseGoals,
  twoPhaseModel,
} from '../../oracles/models.ts'
import { effort } from '../../testing/effort.ts'
import { breadthFirst, tracesTo } from '../breadth-first.ts'
import type { SearchResult } from '../result.ts'
import type { Model } from './model.ts'

// Workers are threads of the built program, so the built program is what is tested here.
const parallel: typeof import('./search.ts') = await import(tool('parallel-search'))
const shared: typeof import('../exhaustive.ts') = await import(tool('exhaustive'))
const models = pathToFileURL(tool('models'))
const madeBy: Readonly<Record<string, (...args: readonly unknown[]) => Model>> = await import(models.href)

const inParallel = (
  make: (...args: never[]) => Model,
  args: readonly unknown[],
  options: Parameters<typeof import('./search.ts')['parallelBreadthFirst']>[1],
) => parallel.parallelBreadthFirst({ module: models.href, function: make.name, arguments: args }, options)

/** Everything that must not depend on the number of workers. */
const essence = (r: SearchResult) => ({
  complete: r.complete,
  states: r.states,
  transitions: r.transitions,
  depth: r.depth,
  deadlocks: r.deadlocks,
  steps: Object.fromEntries(r.steps),
  properties: r.properties.map(({ id, verdict, antecedent, trace }) => ({
    id,
    verdict,
    antecedent,
    trace,
  })),
})

/** What a function without arguments gives, asked once. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

describe('parallelBreadthFirst', () => {
  const twoPhaseAlone = once(() => {
    const { system, properties } = twoPhaseModel(5)
    return {
      exact: breadthFirst(system, properties),
      fingerprint: breadthFirst(system, properties, { storage: 'fingerprint' }),
    }
  })
  it.each(effort(0, 1) === 0 ? [2, 3] : [1, 2, 3])(
    '%i workers find what one search finds, counterexamples included',
    async (workers) => {
      for (const storage of ['exact', 'fingerprint'] as const) {
        const together = await inParallel(twoPhaseModel, [5], { workers, storage })
        expect(essence(together)).toEqual(essence(twoPhaseAlone()[storage]))
        expect(together.properties.map((p) => p.verdict)).toContain('violated')
      }
    },
  )

  it('random systems', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(1 << 20), { minLength: 20, maxLength: 120 }),
        fc.integer({ min: 2, max: 3 }),
        fc.integer(),
        async (tape, workers, seed) => {
          const { system, properties } = randomModel(tape)
          const alone = breadthFirst(system, properties)
          expect(essence(await inParallel(randomModel, [tape], { workers, seed }))).toEqual(essence(alone))
        },
      ),
      { numRuns: effort(4, 24) },
    )
  })

  const PROCESSES = effort(4, 5)
  const filterLockAlone = once(() => {
    const { system, properties } = filterLockModel(PROCESSES)
    return breadthFirst(system, properties)
  })
  const STORAGES = [
    { workers: 3, storage: 'exact' },
    { workers: 2, storage: 'fingerprint', fingerprintBits: 96 },
    { workers: 3, storage: 'fingerprint', fingerprintBits: 128 },
    { workers: 3, storage: 'fingerprint' },
  ] as const
  it.each(STORAGES.slice(0, effort(2, 4)))('a table that grows from four slots: %o', async (options) => {
    const together = await inParallel(filterLockModel, [PROCESSES], { ...options, slots: 4 })
    expect(essence(together)).toEqual(essence(filterLockAlone()))
  })

  it('a depth limit gives the same counts; limits end as inconclusive', async () => {
    const { system, properties } = twoPhaseModel(4)
    for (const maxDepth of effort(0, 1) === 0 ? [13, 14] : [5, 12, 13, 14]) {
      const alone = breadthFirst(system, properties, { maxDepth })
      expect(essence(await inParallel(twoPhaseModel, [4], { workers: 2, maxDepth }))).toEqual(essence(alone))
    }
    const few = await inParallel(twoPhaseModel, [6], { workers: 2, maxStates: 1000 })
    expect([few.complete, few.incompleteReason]).toEqual([false, { kind: 'max-states', states: 1000 }])
    expect(few.properties[0].verdict).toBe('inconclusive')
    // What was found before is reported nevertheless, with its least trace.
    const managers = effort(6, 7)
    const { system: larger, properties: asked } = twoPhaseModel(managers)
    const maxStates = effort(10_000, 50_000)
    const some = await inParallel(twoPhaseModel, [managers], { workers: 2, maxStates })
    const traces = some.properties.flatMap(({ id, trace }) => (trace === null ? [] : [{ id, trace }]))
    const found = traces.map(({ id }) => id)
    expect([some.complete, found.length > 1]).toEqual([false, true])
    const maxDepth = Math.max(...traces.map(({ trace }) => trace.steps.length))
    for (const { id, verdict, trace } of breadthFirst(larger, asked, { maxDepth }).properties)
      if (found.includes(id))
        expect(some.properties.find((p) => p.id === id)).toMatchObject({ verdict, trace })
    const stopped = await inParallel(twoPhaseModel, [8], { workers: 2, stop: () => true })
    expect([stopped.complete, stopped.incompleteReason]).toEqual([false, { kind: 'interrupted' }])
  })

  it('a table that cannot grow any more ends the search as inconclusive', async () => {
    for (const storage of ['exact', 'fingerprint'] as const) {
      const options = { workers: 2, storage, mostArrayBytes: 2 ** effort(19, 21) }
      const { complete, incompleteReason, states, properties } = await inParallel(
        twoPhaseModel,
        [effort(6, 7)],
        options,
      )
      expect([complete, incompleteReason]).toEqual([false, { kind: 'table-full', table: 'visited states' }])
      expect(states).toBeLessThan(2 ** effort(15, 17))
      const open = properties.filter(({ kind, trace }) => kind !== 'witness' && trace === null)
      expect(open.length).toBeGreaterThan(0)
      expect(open.map((p) => p.verdict)).not.toContain('holds')
    }
  })

  it('what was found before an interruption is reported with its trace', async () => {
    let states = 0
    const { complete, incompleteReason, properties } = await inParallel(twoPhaseModel, [9], {
      workers: 2,
      onProgress: (progress) => {
        states = progress.states
      },
      stop: () => states > 50_000,
    })
    expect([complete, incompleteReason]).toEqual([false, { kind: 'interrupted' }])
    const { system, properties: asked } = twoPhaseModel(9)
    const { traces } = tracesTo(system, asked, ['no-late-preparation'], {})
    const found = properties.find(({ id }) => id === 'no-late-preparation')
    expect([found?.verdict, found?.trace]).toEqual(['violated', new Map(traces).get('no-late-preparation')])
  })

  it('each worker makes its recordings again at the end', async () => {
    await expect(inParallel(countingModel, [], { workers: 2 })).rejects.toThrow(
      'property counts-its-calls: does something else when it is run again on the same state',
    )
  })

  it('a lost worker is an error, never a verdict', async () => {
    await expect(inParallel(crashingModel, [20], { workers: 2 })).rejects.toThrow(/worker \d was lost/)
    await expect(inParallel(crashingModel, [0], { workers: 3 })).rejects.toThrow(/worker \d was lost/)
  })

  it('what is no model is refused', async () => {
    const source = { module: models.href, function: 'randomSystem', arguments: [[1, 2, 3]] }
    await expect(parallel.parallelBreadthFirst(source, { workers: 2 })).rejects.toThrow('exports no function')
    await expect(inParallel(twoPhaseModel, [3], { workers: 0 })).rejects.toThrow(
      '0 workers asked for; there can be 1 to',
    )
  })
})

/** What one search by several workers finds, with what is judged on the whole graph. */
function exhaustively(make: (...args: never[]) => Model, args: readonly unknown[], options: object) {
  // The system of the built program: it knows only model code that was made by its own functions.
  const { [make.name]: built } = madeBy
  const { system, properties } = built(...args)
  const source = { module: models.href, function: make.name, arguments: args }
  return shared.exhaustive(system, properties, { reduce: 'none', ...options }, source)
}

describe('what is judged on the whole graph', () => {
  it.each(effort(0, 1) === 0 ? [2] : [2, 4])(
    '%i workers judge as one does, with its traces',
    async (workers) => {
      const { system, properties } = twoPhaseGoals(effort(4, 5))
      const alone = breadthFirst(system, properties)
      const together = await exhaustively(twoPhaseGoals, [effort(4, 5)], { workers })
      expect(together.workers).toBe(workers)
      expect(essence(together)).toEqual(essence(alone))
      const verdicts = new Map(together.properties.map(({ id, verdict }) => [id, verdict]))
      expect([verdicts.get('can-end'), verdicts.get('can-commit')]).toEqual(['holds', 'violated'])
      expect(verdicts.get('ends')).toMatch(/holds|violated/)
    },
  )

  it('of random systems, also where pieces are small', async () => {
    const kinds = new Set<string>()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(1 << 20), { minLength: 20, maxLength: 120 }),
        fc.integer({ min: 2, max: 4 }),
        async (tape, workers) => {
          const { system, properties } = randomGraphModel(tape)
          const alone = breadthFirst(system, properties)
          for (const { kind, verdict } of alone.properties) kinds.add(`${kind} ${verdict}`)
          expect(essence(await exhaustively(randomGraphModel, [tape], { workers }))).toEqual(essence(alone))
        },
      ),
      { numRuns: effort(5, 60) },
    )
    if (effort(0, 1) === 1)
      expect([...kinds]).toEqual(expect.arrayContaining(['progress holds', 'progress violated']))
  })

  it('is inconclusive with fingerprints, and where the search did not end', async () => {
    for (const options of [{ storage: 'fingerprint' }, { maxStates: 100 }] as const) {
      const { system, properties } = twoPhaseGoals(4)
      const together = await exhaustively(twoPhaseGoals, [4], { workers: 2, ...options })
      const judged = together.properties.filter(({ id }) => id.startsWith('can-'))
      expect(judged.map(({ verdict }) => verdict)).toEqual(['inconclusive', 'inconclusive'])
      if (together.complete)
        expect(essence(together)).toEqual(essence(breadthFirst(system, properties, options)))
    }
  })
})
