import { describe, expect, it } from 'vitest'
import { choice, program, step } from '../../model/language/program.ts'
import { OutOfBounds, type Property } from '../../model/language/property.ts'
import { range, struct, type View } from '../../model/language/shapes.ts'
import { compose, one } from '../../model/language/system.ts'
import { breadthFirst } from './breadth-first.ts'
import { searchRandom } from './random/search-random.ts'

const world = struct({ used: range(0, 3), freed: range(0, 1) })
type World = View<typeof world>

/** Takes what a pool of `size` has, one by one, up to three; or, once, gives one back that it does not have. */
function pool(size: number) {
  const take = step<World>(
    'take',
    {},
    {
      when: (w) => w.used < 3,
      does: (w) => {
        if (w.used === size) throw new OutOfBounds('pool.size', 'the pool is empty')
        w.used++
      },
      to: 'work',
    },
  )
  const free = step<World>(
    'free',
    {},
    {
      when: (w) => w.freed === 0,
      does: (w) => {
        w.freed = 1
      },
      to: 'work',
    },
  )
  const rest = step<World>('rest', {}, { when: (w) => w.used === 3, to: 'work' })
  return compose({
    name: 'pool',
    world,
    threads: [one(program<World>('user', 'takes', [choice('work', [take, free, rest])]))],
    initial: [() => {}],
  })
}

const properties: readonly Property<World>[] = [
  { kind: 'invariant', id: 'few', title: '', holds: (w) => w.used < 4 },
  { kind: 'invariant', id: 'not-freed', title: '', holds: (w) => w.freed === 0 },
  { kind: 'witness', id: 'all-used', title: '', seen: (w) => w.used === 3 },
  { kind: 'progress', id: 'can-use-all', title: '', goal: (w) => w.used === 3 },
  { kind: 'leads-to', id: 'is-used', title: '', given: (w) => w.used === 0, goal: (w) => w.used === 3 },
  { kind: 'deadlock', id: 'no-deadlock', title: '' },
]

const verdicts = (size: number, reduce: 'none' | 'all' = 'none') =>
  Object.fromEntries(
    breadthFirst(pool(size), properties, { reduce }).properties.map(({ id, verdict }) => [id, verdict]),
  )

describe('a behaviour that needs more than the bounds allow', () => {
  it.each(['none', 'all'] as const)('leaves only what was found decided (--reduce %s)', (reduce) => {
    const { complete, incompleteReason } = breadthFirst(pool(2), properties, { reduce })
    expect({ complete, incompleteReason }).toEqual({
      complete: false,
      incompleteReason: { kind: 'out-of-bounds', bound: 'pool.size' },
    })
    expect(verdicts(2, reduce)).toEqual({
      few: 'inconclusive',
      'not-freed': 'violated',
      'all-used': 'inconclusive',
      'can-use-all': 'inconclusive',
      'is-used': 'inconclusive',
      'no-deadlock': 'inconclusive',
    })
  })

  it('is none with a larger bound', () => {
    expect(verdicts(3)).toEqual({
      few: 'holds',
      'not-freed': 'violated',
      'all-used': 'reached',
      'can-use-all': 'holds',
      'is-used': 'holds',
      'no-deadlock': 'holds',
    })
  })

  it('is no violation in a sample either', () => {
    const found = searchRandom(pool(0), properties, { method: 'walks', walks: 9 }).properties
    expect(found.filter(({ verdict }) => verdict === 'violated').map(({ id }) => id)).toEqual(['not-freed'])
  })
})
