import { expect, it } from 'vitest'
import { ModelError } from '../../model/language/errors.ts'
import { choice, program, step } from '../../model/language/program.ts'
import { Oops } from '../../model/language/property.ts'
import { range, struct, type View } from '../../model/language/shapes.ts'
import { compose, one } from '../../model/language/system.ts'
import { CompiledSystem } from '../compile/compiled-system.ts'
import { canBeTaken } from './trace-check.ts'

const world = struct({ n: range(0, 3) })
type World = View<typeof world>
const [UP, FAULTS, FAILS] = [0, 1, 2]

/** Counts up; from 1 there is a fault besides, and at 2 its code fails. */
const system = compose({
  name: 'brittle',
  world,
  threads: [
    one(
      program<World>('brittle', 'counts until it breaks', [
        choice('count', [
          step('up', {}, { when: (w) => w.n < 3, does: (w) => void w.n++, to: 'count' }),
          step(
            'faults',
            {},
            {
              when: (w) => w.n === 1,
              does: () => {
                throw new Oops('no-fault', '')
              },
            },
          ),
          step(
            'fails',
            {},
            {
              when: (w) => w.n === 2,
              does: () => {
                throw new Error('it fails')
              },
            },
          ),
        ]),
      ]),
    ),
  ],
  initial: [() => {}],
})
const taken = (...steps: readonly number[]) =>
  canBeTaken(new CompiledSystem(system), system.initial[0], steps)

it.each([
  ['no step', []],
  ['an enabled step', [UP]],
  ['one after the other', [UP, UP]],
  ['a fault at the end', [UP, FAULTS]],
  ['where code fails at the end', [UP, UP, FAILS]],
])('can be taken: %s', (_, steps) => {
  expect(taken(...steps)).toBe(true)
})

it.each([
  ['a step that is not enabled', [FAULTS]],
  ['a step that is not enabled after others', [UP, FAILS]],
  ['a step that there is not', [7]],
  ['a step after a fault', [UP, FAULTS, UP]],
])('cannot be taken: %s', (_, steps) => {
  expect(taken(...steps)).toBe(false)
})

it('code that fails on the way fails here too', () => {
  expect(() => taken(UP, UP, FAILS, UP)).toThrow(ModelError)
})

it('an error that is not of the model is none that a search ends with', () => {
  const compiled = new CompiledSystem(system)
  compiled.record = () => {
    throw new RangeError('no memory')
  }
  expect(() => canBeTaken(compiled, system.initial[0], [UP])).toThrow(RangeError)
})
