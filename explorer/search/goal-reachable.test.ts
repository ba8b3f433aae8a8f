import { expect, it } from 'vitest'
import { spinner } from '../../counterexamples/testing/small-systems.ts'
import { program, step } from '../../model/language/program.ts'
import { Oops, type OopsFreedom } from '../../model/language/property.ts'
import { flag, struct, type View } from '../../model/language/shapes.ts'
import { compose, one } from '../../model/language/system.ts'
import { goalReachableIn } from './goal-reachable.ts'

const { system } = spinner()
const stale = (w: { stale: boolean }): boolean => w.stale
const fresh = (w: { stale: boolean }): boolean => !w.stale
const field = system.layout.fields.find((f) => f.path === 'world.stale')?.index as number
const [start] = system.initial
const later = start.slice()
later[field] = 1

it('a goal is reachable from where a search finds it, and from nowhere else', () => {
  const reachable = goalReachableIn(system)
  expect([reachable(start, stale as never), reachable(start, fresh as never)]).toEqual([true, true])
  expect([reachable(later, stale as never), reachable(later, fresh as never)]).toEqual([true, false])
  // Asked again, by state and by goal separately.
  expect([reachable(later, stale as never), reachable(later, fresh as never)]).toEqual([true, false])
})

it('a search that was not complete does not say no', () => {
  expect(goalReachableIn(system, { maxStates: 1 })(later, fresh as never)).toBeNull()
})

it('a behaviour that ends in an oops that a property names does not reach the goal', () => {
  const world = struct({ mapped: flag })
  const fault = program<View<typeof world>>('vcpu', 'takes a page fault', [
    step('walk', {}),
    step(
      'oops',
      {},
      {
        does: () => {
          throw new Oops('no-null-pointer', 'root_to_sp(INVALID_PAGE)')
        },
      },
    ),
  ])
  const oops = compose({ name: 'oops', world, threads: [one(fault)], initial: [() => {}] })
  const noNullPointer: OopsFreedom = {
    kind: 'fault',
    id: 'no-null-pointer',
    title: 'NULL is never dereferenced.',
  }
  const mapped = (w: { mapped: boolean }): boolean => w.mapped
  const from = oops.initial[0]
  expect(goalReachableIn(oops, { faults: [noNullPointer] })(from, mapped as never)).toBe(false)
  expect(goalReachableIn(oops)(from, mapped as never)).toBeNull()
})
