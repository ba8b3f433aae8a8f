import { describe, expect, it } from 'vitest'
import { initialTransition, transition } from 'xstate'
import { ModelError } from './errors.ts'
import { EncodedValues } from './layout.ts'
import { eventOf, type ReferenceContext } from './machine.ts'
import { drop } from './patch.ts'
import { program, step } from './program.ts'
import { array, range, sort, struct, type View } from './shapes.ts'
import { compose, each, one } from './system.ts'

const cpu = sort('cpu', 2)
const world = struct({ total: range(0, 3), seen: array(cpu, range(0, 3)) })
type World = View<typeof world>

const adder = program<World>('adder', 'adds one', [
  step(
    'add',
    {},
    {
      when: (w) => w.total < 2,
      does: (w) => {
        w.total += 1
      },
    },
  ),
  step(
    'look',
    {},
    {
      does: (w, self) => {
        w.seen[self] = w.total
      },
    },
  ),
])

const reset = program<World>('reset', 'sets to nought', [
  step(
    'zero',
    {},
    {
      does: (w) => {
        w.total = 0
      },
    },
  ),
])

const parts = {
  name: 'adders',
  world,
  threads: [each(cpu, adder), one(reset)],
  initial: [
    () => {},
    (w: World) => {
      w.total = 2
    },
  ],
}

describe('compose', () => {
  it('makes a thread per id, named by kind and id, or by kind alone', () => {
    const { threads } = compose(parts)
    expect(threads.map((t) => [t.name, t.self])).toEqual([
      ['adder0', 0],
      ['adder1', 1],
      ['reset', 0],
    ])
    expect(threads.map((t) => t.counter.path)).toEqual(['at.adder[0]', 'at.adder[1]', 'at.reset[0]'])
  })

  it('starts from every field at its first value, then sets up each initial state', () => {
    const system = compose(parts)
    const totals = system.initial.map((encoded) => {
      const store = new EncodedValues(encoded.length)
      store.values.set(encoded)
      const { world, at } = system.view(store)
      const w: World = world
      return [w.total, at.adder[1]]
    })
    expect(totals).toEqual([
      [0, 'add'],
      [2, 'add'],
    ])
  })

  it('builds one view for all initial states, each of which starts from the first values', () => {
    const worlds = new Set<World>()
    const initial = Array.from({ length: 100 }, (_, n) => (w: World) => {
      worlds.add(w)
      if (n % 2 === 0) w.total = 3
    })
    const system = compose({ ...parts, initial })
    expect(worlds.size).toBe(1)
    const totals = system.initial.map((encoded) => encoded[0])
    expect(totals).toEqual(initial.map((_, n) => (n % 2 === 0 ? 3 : 0)))
  })

  it('gives a machine on which xstate takes the steps', () => {
    const system = compose(parts)
    const [start] = initialTransition(system.machine)
    const [after] = transition(system.machine, start, { type: eventOf('adder1', 'add') })
    expect(after.value).toEqual({ adder0: 'add', adder1: 'look', reset: 'zero' })
    const store = new EncodedValues(system.layout.fields.length)
    store.values.set((after.context as ReferenceContext).encoded)
    const w: World = system.view(store).world
    expect(w.total).toBe(1)
    expect((start.context as ReferenceContext).encoded).not.toBe((after.context as ReferenceContext).encoded)
    expect((start.context as ReferenceContext).encoded).toEqual(system.initial[0])
  })

  it('blocks a step whose guard does not hold', () => {
    const system = compose({ ...parts, initial: [parts.initial[1]] })
    const [start] = initialTransition(system.machine)
    expect(start.can({ type: eventOf('adder0', 'add') })).toBe(false)
    expect(start.can({ type: eventOf('reset', 'zero') })).toBe(true)
  })

  it('applies patches', () => {
    const { threads } = compose({ ...parts, patches: [drop('look')] })
    expect(threads[0].flow.counters).toEqual(['add', 'done'])
  })

  it('rejects invalid parts', () => {
    expect(() => compose({ ...parts, initial: [] })).toThrow(new ModelError('adders has no initial state'))
    expect(() => compose({ ...parts, threads: [one(reset), one(reset)] })).toThrow(
      'two thread groups are of kind reset',
    )
    expect(() => compose({ ...parts, patches: [drop('none')] })).toThrow('has a step "none"')
    const outside = (w: World) => {
      w.total = 4
    }
    expect(() => compose({ ...parts, initial: [outside] })).toThrow('world.total = 4 is outside its domain')
  })
})
