import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { program, step } from '../../model/language/program.ts'
import type { Property } from '../../model/language/property.ts'
import { array, flag, range, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, one, type System } from '../../model/language/system.ts'
import { twoPhaseModel } from '../oracles/models.ts'
import { peterson } from '../oracles/peterson.ts'
import { breadthFirst, type SearchOptions } from '../search/breadth-first.ts'
import { comparable, interrupted, type Search, stopChecksIn } from './testing/interrupted-searches.ts'

/** Searches that had nothing left to do when they were left, and folders that other searches left. */

let directory = ''
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'endings-')), 'cp')
})
afterEach(() => {
  rmSync(join(directory, '..'), { recursive: true, force: true })
})

const { system, properties } = twoPhaseModel(5)
const [consistent] = properties
const leads: Property<unknown> = {
  kind: 'leads-to',
  id: 'enters',
  title: '',
  given: (_, at) => at.proc[0] === 'a3',
  goal: (_, at) => at.proc[0] === 'cs',
}
const still = compose({
  name: 'still',
  world: struct({ open: flag }),
  threads: [
    one(program('a', 'waits forever', [step('wait', {}, { when: (w: { open: boolean }) => w.open })])),
  ],
  initial: [() => {}],
})
const noDeadlock: Property<unknown> = { kind: 'deadlock', id: 'no-deadlock', title: '' }

describe('a search that has nothing left to do ends at once, and says what it said', () => {
  it.each<[string, Search]>([
    ['finished', (more) => breadthFirst(system, properties, { reduce: 'all', ...more })],
    ['finished, in full', (more) => breadthFirst(system, properties, more)],
    ['finished, by partial order', (more) => breadthFirst(system, properties, { reduce: 'por', ...more })],
    ['finished, with liveness', (more) => breadthFirst(peterson(), [leads], { reduce: 'all', ...more })],
    ['in a state without steps', (more) => breadthFirst(still, [noDeadlock], { reduce: 'all', ...more })],
    ['at the limit on states', (more) => breadthFirst(system, properties, { maxStates: 900, ...more })],
    ['at the limit on depth', (more) => breadthFirst(system, properties, { maxDepth: 7, ...more })],
    ['in the initial states', (more) => breadthFirst(system, properties, { maxDepth: 0, ...more })],
    [
      'at the limits of both searches',
      (more) => breadthFirst(system, [consistent], { reduce: 'all', maxStates: 40, ...more }),
    ],
  ])('%s', (_, search) => {
    const whole = search({ checkpoint: { directory } })
    expect(stopChecksIn((more) => search({ resume: directory, ...more }))).toBeLessThan(4)
    const written = readFileSync(join(directory, 'checkpoint.json'), 'utf8')
    const again = search({ resume: directory, checkpoint: { directory } })
    expect(comparable(again)).toEqual(comparable(whole))
    expect(readFileSync(join(directory, 'checkpoint.json'), 'utf8')).toBe(written)
  })

  it('another directory gets another checkpoint', () => {
    const whole = breadthFirst(system, properties, { checkpoint: { directory } })
    const copy = join(directory, '..', 'copy')
    breadthFirst(system, properties, { resume: directory, checkpoint: { directory: copy } })
    rmSync(directory, { recursive: true })
    expect(comparable(breadthFirst(system, properties, { resume: copy }))).toEqual(comparable(whole))
  })
})

describe('what another search left', () => {
  const limited = (more: SearchOptions) =>
    breadthFirst(system, [consistent], { reduce: 'all', maxStates: 40, ...more })

  it('a checkpoint that a killed process could not finish is removed by the next', () => {
    const search: Search = (more) => breadthFirst(system, properties, more)
    interrupted(search, directory, 3)
    const [finished] = readdirSync(directory).filter((name) => name.startsWith('generation'))
    const unfinished = join(directory, 'generation-abc123')
    cpSync(join(directory, finished), unfinished, { recursive: true })
    writeFileSync(join(unfinished, 'checkpoint.json'), '{')
    search({ resume: directory, checkpoint: { directory } })
    const left = readdirSync(directory)
    expect(left).toHaveLength(2)
    expect(left).not.toContain(finished)
    expect(left).not.toContain('generation-abc123')
    expect(stopChecksIn((more) => search({ resume: directory, ...more }))).toBe(0)
  })

  it('is forgotten by a main search that begins anew', () => {
    limited({ checkpoint: { directory } })
    expect(readdirSync(directory)).toContain('partial-order')
    breadthFirst(peterson(), [leads], { checkpoint: { directory } })
    expect(readdirSync(directory)).not.toContain('partial-order')
    expect(readdirSync(directory)).toContain('liveness')
  })

  it('does not pass for a search of another kind', () => {
    limited({ checkpoint: { directory } })
    const take = (name: string) => {
      const to = join(directory, '..', name)
      cpSync(join(directory, name), to, { recursive: true })
      return to
    }
    expect(() => limited({ resume: take('partial-order') })).toThrow('stage partial-order, not main')
    breadthFirst(peterson(), [leads], { checkpoint: { directory } })
    expect(() => breadthFirst(peterson(), [leads], { resume: take('liveness') })).toThrow(
      'not one of a breadth-first search',
    )
  })
})

describe('symmetry in a checkpoint', () => {
  const counter = sort('counter', 3)
  const world = struct({ ticks: array(counter, range(0, 5)), last: range(0, 2) })
  type World = View<typeof world>
  type Change = (w: World, self: number) => void
  const ticking = (also: Change, symmetric = [counter]) =>
    compose({
      name: 'ticking',
      world,
      threads: [
        each(
          counter,
          program<World>('counter', 'counts', [
            step(
              'up',
              {},
              {
                when: (w, self) => w.ticks[self] < 5,
                does: (w, self) => {
                  w.ticks[self]++
                  also(w, self)
                },
                to: 'up',
              },
            ),
          ]),
        ),
      ],
      initial: [() => {}],
      symmetric,
    })
  const none: Change = () => {}
  const go = (model: System<World>, more: SearchOptions = {}) =>
    breadthFirst(model, [], { reduce: 'all', ...more })

  it('is that of the model, or it is refused', () => {
    interrupted((more) => go(ticking(none), more), directory, 3)
    expect(() => go(ticking(none, []), { resume: directory })).toThrow('another model')
    expect(go(ticking(none), { resume: directory }).states).toBe(56)
  })

  it('is checked again for everything that was recorded', () => {
    interrupted((more) => go(ticking(none), more), directory, 3)
    // What thread 0 does is what it was; what it is compared with is not.
    const partial: Change = (w, self) => {
      if (self === 1 && w.ticks[0] === 5) w.last = 1
    }
    expect(() => go(ticking(partial), { resume: directory })).toThrow('of another model')
  })

  it('that turned out false is not believed again', () => {
    // The first five levels say nothing against the claim.
    const late: Change = (w, self) => {
      if (w.ticks[self] === 3 && self === 1) w.last = 1
    }
    const search: Search = (more) => go(ticking(late), more)
    const whole = search({})
    expect(whole.reduction.notApplied[0]).toMatchObject({ kind: 'asymmetric' })
    const looks = stopChecksIn(search)
    for (const look of [0, 1, 2, looks - 3]) {
      interrupted(search, directory, look)
      expect(comparable(search({ resume: directory }))).toEqual(comparable(whole))
    }
  })
})
