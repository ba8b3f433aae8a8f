import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { choice, program, step } from '../../model/language/program.ts'
import type { Property } from '../../model/language/property.ts'
import { range, struct, type View } from '../../model/language/shapes.ts'
import { compose, one } from '../../model/language/system.ts'
import { randomSystem } from '../oracles/random-system.ts'
import { SIZES } from '../state/sizes.ts'
import { effort } from '../testing/effort.ts'
import { breadthFirst } from './breadth-first.ts'

const world = struct({ n: range(0, 4_000) })
type World = View<typeof world>

/** Counts to 4,000 and starts again. */
const counter = compose({
  name: 'counter',
  world,
  threads: [
    one(
      program<World>('counter', 'counts', [
        choice('run', [
          step(
            'count',
            {},
            {
              does: (w) => {
                w.n = (w.n + 1) % 4_001
              },
              to: 'run',
            },
          ),
        ]),
      ]),
    ),
  ],
  initial: [() => {}],
})

const below: Property<World> = { id: 'below', kind: 'invariant', title: '', holds: (w) => w.n < 10 }
const seen: Property<World> = { id: 'seen', kind: 'witness', title: '', seen: (w) => w.n === 3 }
const always: Property<World> = { id: 'always', kind: 'invariant', title: '', holds: (w) => w.n >= 0 }
const ends: Property<World> = { id: 'ends', kind: 'eventually', title: '', goal: (w) => w.n === 4_000 }

describe('a search that ends at the first violation', () => {
  const verdicts = (properties: readonly Property<World>[]) => {
    const {
      complete,
      incompleteReason,
      states,
      properties: found,
    } = breadthFirst(counter, properties, {
      untilViolated: true,
    })
    return { complete, why: incompleteReason?.kind, states, found: found.map((p) => p.verdict) }
  }

  it('visits no more than the slice in which it found it, and says nothing else', () => {
    const { states, ...others } = verdicts([always, below, ends])
    expect(others).toEqual({
      complete: false,
      why: 'violated',
      found: ['inconclusive', 'violated', 'inconclusive'],
    })
    expect(states).toBeLessThanOrEqual(10 + SIZES.slice)
  })

  it('continues past a witness', () => {
    expect(verdicts([seen, always, ends])).toEqual({
      complete: true,
      why: undefined,
      states: 4_001,
      found: ['reached', 'holds', 'holds'],
    })
  })

  it('finds the same shortest violation as the full search, or the same result', () => {
    const tapes = fc.array(fc.nat(1 << 20), { minLength: 20, maxLength: 120 })
    fc.assert(
      fc.property(tapes, (tape) => {
        const { system, properties } = randomSystem(tape)
        const full = breadthFirst(system, properties)
        const cut = breadthFirst(system, properties, { untilViolated: true })
        const isViolated = full.properties.some((p) => p.verdict === 'violated')
        expect(cut.properties.some((p) => p.verdict === 'violated')).toBe(isViolated)
        cut.properties.forEach((found, n) => {
          const { verdict, trace } = full.properties[n]
          if (cut.complete) expect(found).toEqual(full.properties[n])
          else if (found.verdict !== 'inconclusive')
            expect([found.verdict, found.trace]).toEqual([verdict, trace])
        })
        if (!cut.complete) expect(cut.incompleteReason).toEqual({ kind: 'violated' })
      }),
      { numRuns: effort(15, 80) },
    )
  })
})
