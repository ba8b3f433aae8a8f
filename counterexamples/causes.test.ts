import { describe, expect, it } from 'vitest'
import { applyPatches, drop } from '../model/language/patch.ts'
import { type Entry, program, step } from '../model/language/program.ts'
import type { Property } from '../model/language/property.ts'
import { range, struct, type View } from '../model/language/shapes.ts'
import { compose, one } from '../model/language/system.ts'
import type { Trace } from '../model/language/trace.ts'
import { causesOf } from './causes.ts'
import { raceDiagram } from './diagram.ts'
import { stepList } from './step-list.ts'
import { replayedOf, type SmallSystem } from './testing/small-systems.ts'

const world = struct({ x: range(0, 9), y: range(0, 9), z: range(0, 9), local: range(0, 9) })
type World = View<typeof world>
const act = (name: string, does: (w: World) => void): Entry<World> => step<World>(name, {}, { does })

function pair(
  reader: readonly Entry<World>[],
  writer: readonly Entry<World>[],
  holds: (w: World) => boolean,
): SmallSystem {
  const system = compose({
    name: 'pair',
    world,
    threads: [one(program<World>('r', 'reads', reader)), one(program<World>('w', 'writes', writer))],
    initial: [() => {}],
  })
  const property: Property<World> = { id: 'p', kind: 'invariant', title: 'P.', holds }
  return { system, property: property }
}

const run = (order: string): Trace => ({
  initial: 0,
  steps: order.split(' ').map((s) => ({ thread: s[0], step: s })),
})

/** The causes of a run, with steps by name. */
function causes(small: SmallSystem, order: string) {
  const { races, decisive, labels, communicated } = causesOf(replayedOf(small, run(order)))
  const names = order.split(' ')
  const field = (f: number): string => small.system.layout.fields[f].path.replace('world.', '')
  return {
    races: races.map((r) => `${field(r.field)}: ${names[r.read]} before ${names[r.write]}`),
    decisive: [...decisive].map(([f, at]) => `${field(f)} by ${names[at]}`),
    labels: [...labels].map(([at, letter]) => `${letter} ${names[at]}`),
    communicated: [...communicated].map(field),
  }
}

/** A step that sets a field. */
const put = (name: string, field: 'x' | 'y' | 'z', value: number): Entry<World> =>
  act(name, (w) => {
    w[field] = value
  })

const readX = act('r1', (w) => {
  w.local = w.x
})
const useLocal = act('r2', (w) => {
  w.y = w.local + 1
})
const writeX = act('w1', (w) => {
  w.x = 5
})

describe('races', () => {
  it('a value read, changed by another thread, and used without another look', () => {
    const small = pair([readX, useLocal], [writeX], (w) => w.y === 0 || w.y === w.x + 1)
    expect(causes(small, 'r1 w1 r2')).toEqual({
      races: ['x: r1 before w1'],
      decisive: ['x by w1', 'y by r2'],
      labels: ['A r1', 'B w1', 'C r2'],
      communicated: [],
    })
  })

  it('no race when the reader looks again', () => {
    const again = act('r2', (w) => {
      w.y = w.x
    })
    const small = pair([readX, again], [writeX], (w) => w.y < 5)
    expect(causes(small, 'r1 w1 r2').races).toEqual([])
    expect(causes(small, 'r1 w1 r2').communicated).toEqual(['x'])
  })

  it('no race on a value that the reader has replaced by its own', () => {
    const own = act('r2', (w) => {
      w.x = 1
    })
    const small = pair([readX, own, put('r3', 'y', 1)], [writeX], (w) => w.y === 0)
    expect(causes(small, 'r1 r2 w1 r3').races).toEqual([])
  })

  it('no race when the reader does nothing afterwards', () => {
    const small = pair([readX], [writeX], (w) => w.x === 0)
    expect(causes(small, 'r1 w1').races).toEqual([])
  })
})

describe('steps of the design', () => {
  const small = pair([readX, useLocal], [writeX, put('w2', 'z', 1), put('w3', 'z', 2)], (w) => w.z !== 2)
  const order = 'r1 w1 w2 w3'
  const replayed = (...changed: string[]) => ({
    ...replayedOf(small, run(order)),
    changedSteps: new Set(changed),
  })

  it('have letters, of several in a row one', () => {
    const { labels, changedByDesign } = causesOf(replayed('r.r1', 'w.w1', 'w.w2'))
    expect(changedByDesign).toEqual([0, 1])
    expect([...labels.keys()]).toEqual([0, 1, 3])
  })

  it('are named below the diagram', () => {
    const lines = raceDiagram(replayed('r.r1', 'w.w1', 'w.w2')).join(' ')
    expect(lines).toContain('(A) and (B) are changed by this design.')
    expect(raceDiagram(replayed()).join(' ')).not.toContain('by this design')
  })
})

describe('a value that the design reads again', () => {
  const readAgain = act('r2', (w) => {
    w.y = w.x
  })
  const rereadIn = (holds: (w: World) => boolean, changed: string, order = 'r1 w1 r2') =>
    causesOf({
      ...replayedOf(
        pair([readX, readAgain, put('r3', 'z', 1)], [writeX, put('w2', 'x', 0)], holds),
        run(order),
      ),
      changedSteps: new Set([changed]),
    })

  it('is a cause where another thread has changed it, and the trace would not fail with the first', () => {
    const { reread, labels } = rereadIn((w) => w.y < 5, 'r.r2')
    expect(reread).toMatchObject({ first: 0, write: 1, again: 2 })
    expect([...labels.keys()]).toEqual([0, 1, 2])
  })

  it('is none where the design does not read it, nor where it is the same again', () => {
    expect(rereadIn((w) => w.y < 5, 'r.r1').reread).toBeNull()
    expect(rereadIn((w) => w.y > 0, 'r.r2', 'r1 w1 w2 r2').reread).toBeNull()
  })

  it('is none where the trace fails with either value', () => {
    expect(rereadIn((w) => w.z === 0, 'r.r2', 'r1 w1 r2 r3').reread).toBeNull()
  })

  it('has a sentence below the diagram', () => {
    const small = pair([readX, readAgain], [writeX], (w) => w.y < 5)
    const replayed = { ...replayedOf(small, run('r1 w1 r2')), changedSteps: new Set(['r.r2']) }
    expect(raceDiagram(replayed).join(' ')).toContain(
      'r reads x = 0 at (A), and 5 at (C), after w has changed it at (B).',
    )
  })
})

describe('a deciding change that undoes what another thread wrote', () => {
  const small = pair(
    [put('r1', 'x', 0), put('r2', 'z', 1)],
    [writeX, put('w2', 'y', 1)],
    (w) => w.x !== 0 || w.z !== 1 || w.y !== 1,
  )

  it('has a letter for both', () => {
    const { labels, undone } = causesOf(replayedOf(small, run('w1 r1 w2 r2')))
    expect([...undone.values()]).toEqual([0])
    expect([...labels.keys()]).toEqual([0, 1, 2, 3])
    const text = raceDiagram(replayedOf(small, run('w1 r1 w2 r2'))).join(' ')
    expect(text).toContain('x = 5 since (A) and 0 since (B); y = 1 since (C).')
  })

  it('has only its own where it leaves another value, or undoes its own', () => {
    const other = pair([put('r1', 'x', 4)], [writeX, put('w2', 'y', 1)], (w) => w.x !== 4 || w.y !== 1)
    expect(causesOf(replayedOf(other, run('w1 r1 w2'))).undone.size).toBe(0)
    const own = pair([readX], [writeX, put('w2', 'x', 0), put('w3', 'y', 1)], (w) => w.x !== 0 || w.y !== 1)
    expect(causesOf(replayedOf(own, run('w1 w2 w3'))).undone.size).toBe(0)
  })
})

describe('what the design drops', () => {
  const stored = (name: string, shows: string, when: (w: World) => boolean = () => true): Entry<World> => {
    const does = (w: World): void => {
      w.x = 5
    }
    return step<World>(name, { fn: 'kvm_zap', shows }, { when, does })
  }
  const dropping = (...names: string[]) => {
    const entries = [put('w1', 'z', 1), stored('w2', 'flush'), put('w3', 'z', 2)]
    const [writer] = applyPatches([program<World>('w', 'writes', entries)], names.map(drop<World>))
    return pair([readX, useLocal], writer.entries, (w) => w.z !== 2 || w.x === 5)
  }

  it('has a row and a letter at the place where it was', () => {
    const replayed = replayedOf(dropping('w2'), run('r1 w1 w3'))
    expect([...causesOf(replayed).labels]).toEqual([
      [1.5, 'A'],
      [2, 'B'],
    ])
    const lines = raceDiagram(replayed)
    const at = lines.findIndex((line) => /\[dropped: flush\] +\(A\)$/.test(line))
    expect(lines[at - 1]).toContain('kvm_zap()')
    expect(lines.findIndex((line) => line.includes('z = 2'))).toBeGreaterThan(at)
    expect(lines.join(' ')).toContain('(A), "flush", is dropped by this design.')
    expect(stepList(replayed)).toContain('\n      [dropped: w2 in kvm_zap()]\n')
  })

  it('has none where the trace does not pass, or the step would not have been possible', () => {
    expect(causesOf(replayedOf(dropping('w2'), run('r1 w1 w3'))).dropped).toHaveLength(1)
    const blocked = [put('w1', 'z', 1), stored('w2', 'flush', (w) => w.y === 9), put('w3', 'z', 2)]
    const [writer] = applyPatches([program<World>('w', 'writes', blocked)], [drop<World>('w2')])
    const small = pair([readX], writer.entries, (w) => w.z !== 2)
    expect(causesOf(replayedOf(small, run('w1 w3'))).dropped).toEqual([])
    expect(raceDiagram(replayedOf(small, run('w1 w3'))).join(' ')).not.toContain('dropped')
  })
})

describe('a stale read that changes nothing', () => {
  it('is not blamed', () => {
    const small = pair([readX, put('r2', 'y', 1)], [writeX], (w) => w.y === 0)
    expect(causes(small, 'r1 w1 r2').races).toEqual([])
  })

  it('is blamed where the trace does not fail without it', () => {
    const chosen = act('r2', (w) => {
      w.y = w.local === 5 ? 0 : 1
    })
    const small = pair([readX, chosen], [writeX], (w) => w.y === 0)
    expect(causes(small, 'r1 w1 r2').races).toEqual(['x: r1 before w1'])
  })
})

describe('deciding changes', () => {
  it('only what would have kept the property, not all that it looks at', () => {
    const small = pair(
      [put('r1', 'y', 1)],
      [writeX, put('w2', 'z', 3)],
      (w) => !(w.z < 9 && w.y === 1 && w.x === 5),
    )
    expect(causes(small, 'w1 w2 r1').decisive).toEqual(['x by w1', 'y by r1'])
  })

  it('all of them when no single one decides', () => {
    const small = pair([put('r1', 'y', 1)], [writeX], (w) => {
      const [x, y] = [w.x, w.y]
      return x === 0 && y === 0
    })
    expect(causes(small, 'w1 r1').decisive).toEqual(['x by w1', 'y by r1'])
  })

  it('the last change counts', () => {
    const small = pair([readX], [writeX, put('w2', 'x', 6)], (w) => w.x < 6)
    expect(causes(small, 'w1 w2').decisive).toEqual(['x by w2'])
  })
})

it('letters are few, and the failing step always has one', () => {
  const many = Array.from({ length: 9 }, (_, i) => put(`w${i}`, 'x', i))
  const small = pair([readX], many, (w) => w.x !== 8)
  expect(causes(small, many.map((s) => s.name).join(' ')).labels).toEqual(['A w8'])
})
