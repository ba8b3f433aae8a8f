import { expect, test } from 'vitest'
import { goalReachableIn } from './goal-reachable.ts'
import { spinner } from './small-systems.ts'

const { system } = spinner()
const stale = (w: { stale: boolean }): boolean => w.stale
const fresh = (w: { stale: boolean }): boolean => !w.stale
const field = system.layout.fields.find((f) => f.path === 'world.stale')?.index as number
const [start] = system.initial
const later = start.slice()
later[field] = 1

test('a goal is reachable from where a search finds it, and from nowhere else', () => {
  const reachable = goalReachableIn(system)
  expect([reachable(start, stale as never), reachable(start, fresh as never)]).toEqual([true, true])
  expect([reachable(later, stale as never), reachable(later, fresh as never)]).toEqual([true, false])
  // Asked again, by state and by goal apart.
  expect([reachable(later, stale as never), reachable(later, fresh as never)]).toEqual([true, false])
})

test('a search that was not complete does not say no', () => {
  expect(goalReachableIn(system, { maxStates: 1 })(later, fresh as never)).toBeNull()
})
