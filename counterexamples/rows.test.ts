import { expect, it } from 'vitest'
import { program, step } from '../model/language/program.ts'
import { Oops, type OopsFreedom } from '../model/language/property.ts'
import { flag, struct, type View } from '../model/language/shapes.ts'
import { compose, one } from '../model/language/system.ts'
import { stepText } from './rows.ts'
import { asking, replayedOf } from './testing/small-systems.ts'

it('a step whose test faults is described by its fault', () => {
  const world = struct({ mapped: flag })
  type World = View<typeof world>
  const stale = (): boolean => {
    throw new Oops('no-null-pointer', 'root_to_sp(INVALID_PAGE)')
  }
  const vcpu = program<World>('vcpu', 'takes a page fault', [
    step('walk', { shows: 'walk_addr()' }),
    step('stale', { shows: () => `stale = ${stale()}` }, [{ when: stale, to: 'done' }, {}]),
  ])
  const system = compose({ name: 'oops', world, threads: [one(vcpu)], initial: [() => {}] })
  const property: OopsFreedom = { kind: 'fault', id: 'no-null-pointer', title: 'NULL is never dereferenced.' }
  const replayed = replayedOf(asking({ system, property: property as never }, property))
  expect(replayed.steps.map((s) => stepText(replayed, s))).toEqual([
    'walk_addr()',
    'root_to_sp(INVALID_PAGE)',
  ])
})
