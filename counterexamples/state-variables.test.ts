import { expect, it } from 'vitest'
import { program, step } from '../model/language/program.ts'
import { array, flag, ref, setOf, sort, struct } from '../model/language/shapes.ts'
import { compose, one } from '../model/language/system.ts'
import { variablesOf } from './state-variables.ts'

it('an id says of what it is, unless the name of the field does', () => {
  const [page, gfn] = [sort('page', 2), sort('gfn', 2)]
  const world = struct({
    root: ref(page),
    prev: array(1, ref(page)),
    gfn: ref(gfn),
    mru_page: array(1, ref(page)),
    dirty: setOf(gfn),
    w: flag,
  })
  const system = compose({
    name: 'ids',
    world,
    threads: [one(program('t', 'runs', [step('s', {})]))],
    initial: [
      (w) => {
        w.root = 0
        w.gfn = 1
        w.mru_page[0] = 1
        w.dirty.add(1)
      },
    ],
  })
  const texts = variablesOf(system).all.map((each) => `${each.path} = ${each.value(system.initial[0])}`)
  expect(texts.slice(0, -1)).toEqual([
    'root = page 0',
    'prev[0] = none',
    'gfn = 1',
    'mru_page[0] = 1',
    'dirty = {1}',
    'w = 0',
  ])
})
