import { expect, test } from 'vitest'
import { program, step } from '../../model/language/program.ts'
import { array, range, ref, sort, struct, type View } from '../../model/language/shapes.ts'
import { type Counters, compose, each, type System } from '../../model/language/system.ts'
import { valueClasses } from './value-classes.ts'

const cpu = sort('cpu', 2)
const world = struct({ level: range(0, 5), owner: ref(cpu), big: array(20, range(0, 9)) })
type World = View<typeof world>

const names = ['A', 'B', 'C', 'D']
const system = compose({
  name: 'small',
  world,
  threads: [
    each(
      cpu,
      program<World>(
        'cpu',
        'a processor',
        names.map((name) => step<World>(name, {})),
      ),
    ),
  ],
  initial: [() => {}],
}) as System

/** The classes of a question's fields, by path. */
function classesOf(holds: (w: World, at: Counters) => boolean) {
  const classes = valueClasses(system, { id: 'q', holds: holds as never })
  if (classes === null) return null
  const path = (field: number): string => system.layout.fields[field].path
  return Object.fromEntries([...classes].map(([field, kinds]) => [path(field), kinds]))
}

test('a counter that is compared with one place has two kinds of values', () => {
  expect(classesOf((_, at) => at.cpu[0] !== 'B')).toEqual({ 'at.cpu[0]': [0, 1, 0, 0, 0] })
  expect(classesOf((_, at) => ['B', 'D'].includes(at.cpu[1]))).toEqual({ 'at.cpu[1]': [0, 1, 0, 1, 0] })
})

test('what matters in one case only matters', () => {
  const both = classesOf((w, at) => at.cpu[0] !== 'B' || at.cpu[1] !== 'C' || w.level < 4)
  expect(both).toEqual({
    'at.cpu[0]': [0, 1, 0, 0, 0],
    'at.cpu[1]': [0, 0, 1, 0, 0],
    'world.level': [0, 0, 0, 0, 1, 1],
  })
})

test('what is read and makes no difference is not there', () => {
  expect(classesOf((w, at) => (at.cpu[0] === 'A' ? w.level < 3 : !(w.level >= 3)))).toEqual({
    'world.level': [0, 0, 0, 1, 1, 1],
  })
})

test('code that fails on some values tells them apart', () => {
  const classes = classesOf((w, at) => at.cpu[w.owner as number] === 'A')
  expect(classes?.['world.owner']).toEqual([0, 1, 2])
})

test('nothing is said about a question that is too large', () => {
  expect(classesOf((w) => [...w.big].reduce((sum, n) => sum + n, 0) < 7)).toBeNull()
})
