import { describe, expect, it } from 'vitest'
import { program, step } from '../../../model/language/program.ts'
import { Oops, type Property } from '../../../model/language/property.ts'
import { range, struct, type View } from '../../../model/language/shapes.ts'
import { compose, one } from '../../../model/language/system.ts'
import { peterson } from '../../oracles/peterson.ts'
import { breadthFirst } from '../breadth-first.ts'

const enters = (self: number): Property<unknown> => ({
  kind: 'leads-to',
  id: `process-${self}-enters`,
  title: '',
  given: (_, at) => at.proc[self] === 'a3',
  goal: (_, at) => at.proc[self] === 'cs',
})
const never: Property<unknown> = {
  kind: 'eventually',
  id: 'never',
  title: '',
  goal: (_, at) => at.proc[0] === 'done',
}
const exclusive: Property<unknown> = {
  kind: 'invariant',
  id: 'exclusive',
  title: '',
  holds: (_, at) => !(at.proc[0] === 'cs' && at.proc[1] === 'cs'),
}
const properties = [never, exclusive, enters(0), enters(1)]
const verdicts = (options: Parameters<typeof breadthFirst>[2]) =>
  breadthFirst(peterson(), properties, options).properties.map((r) => `${r.id} ${r.verdict}`)

describe('liveness beside other properties', () => {
  it('is in the place of its property', () => {
    const expected = ['never violated', 'exclusive holds', 'process-0-enters holds', 'process-1-enters holds']
    expect(verdicts({})).toEqual(expected)
    expect(verdicts({ reduce: 'symmetry' })).toEqual(expected)
    expect(verdicts({ reduce: 'all' })).toEqual(expected)
  })

  it('is refused on fingerprints', () => {
    const result = breadthFirst(peterson(), properties, { storage: 'fingerprint' })
    expect(result.properties.map((r) => r.verdict)).toEqual([
      'inconclusive',
      'holds',
      'inconclusive',
      'inconclusive',
    ])
    expect(result.properties[0].reason).toEqual({ kind: 'needs-exact-storage', of: 'liveness' })
  })

  it('never holds where a limit was reached', () => {
    for (const limit of [{ maxStates: 5 }, { maxDepth: 2 }, { timeLimit: 0 }, { stop: () => true }]) {
      const result = breadthFirst(peterson(), properties, limit)
      expect(result.properties.map((r) => r.verdict)).not.toContain('holds')
    }
  })

  it('never holds when what lies behind a fault was not explored and no other property says so', () => {
    const world = struct({ x: range(0, 3) })
    type World = View<typeof world>
    const crash = step<World>(
      'crash',
      {},
      {
        does: () => {
          throw new Oops('no-crash', 'it crashed')
        },
      },
    )
    const stay = step<World>('stay', { validEnd: true }, { when: (w) => w.x === 3 })
    const system = compose({
      name: 'crashing',
      world,
      threads: [one(program<World>('a', 'crashes', [crash, stay]))],
      initial: [() => {}],
    })
    const asked: Property<World>[] = [
      { kind: 'leads-to', id: 'leads', title: '', given: (w) => w.x === 1, goal: (w) => w.x === 2 },
      { kind: 'no-solo-cycle', id: 'solo', title: '', each: 'a', goal: (w) => w.x === 2 },
    ]
    for (const result of breadthFirst(system, asked).properties)
      expect(result).toMatchObject({
        verdict: 'inconclusive',
        reason: { kind: 'unasked-fault', fault: 'no-crash' },
      })
    const crashes: Property<World> = { kind: 'fault', id: 'no-crash', title: '' }
    const known = breadthFirst(system, [...asked, crashes]).properties
    expect(known.map(({ verdict, upTo }) => [verdict, upTo])).toEqual([
      ['inconclusive', 'no-crash'],
      ['inconclusive', 'no-crash'],
      ['violated', null],
    ])
  })
})
