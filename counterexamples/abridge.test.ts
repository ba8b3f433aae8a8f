import { expect, it } from 'vitest'
import { type Entry, program, step } from '../model/language/program.ts'
import type { Property } from '../model/language/property.ts'
import { range, struct, type View } from '../model/language/shapes.ts'
import { compose, one } from '../model/language/system.ts'
import { raceDiagram } from './diagram.ts'
import { replayedOf } from './testing/small-systems.ts'

const world = struct({ local: range(0, 99), sent: range(0, 99), x: range(0, 9) })
type World = View<typeof world>

const act = (name: string, does: (w: World) => void): Entry<World> =>
  step<World>(name, { fn: 'f', shows: name }, { does })
const many = (name: string, count: number): Entry<World>[] =>
  Array.from({ length: count }, (_, i) => act(`${name}${i}`, (w) => w.local++))

/** Thread `a` runs alone, then `b` twice and `a` in between; the last step of `b` is the failure. */
function lines(before: number, between: number): string[] {
  const a = program<World>('a', 'a', [
    ...many('first', before),
    act('tell', (w) => w.sent++),
    ...many('then', between),
  ])
  const b = program<World>('b', 'b', [
    act('begin', (w) => void w.local),
    ...many('routine', between),
    act('fail', (w) => {
      w.x = w.sent
    }),
  ])
  const system = compose({ name: 's', world, threads: [one(a), one(b)], initial: [() => {}] })
  const property: Property<World> = { id: 'p', kind: 'invariant', title: 'P.', holds: (w) => w.x === 0 }
  const trace = [
    ...Array.from({ length: before }, (_, i) => `a first${i}`),
    'b begin',
    'a tell',
    ...Array.from({ length: between }, (_, i) => `a then${i}`),
    ...Array.from({ length: between }, (_, i) => `b routine${i}`),
    'b fail',
  ].map((each) => ({ thread: each.slice(0, 1), step: each.slice(2) }))
  return raceDiagram(replayedOf({ system, property }, { initial: 0, steps: trace }))
}

const rows = (diagram: string[]): string[] =>
  diagram.slice(diagram.findIndex((line) => line.startsWith('  ----')) + 1).map((line) => line.trim())

it('a short diagram shows every step', () => {
  const text = lines(4, 4)
  expect(text[0]).toBe('At the beginning:')
  expect(rows(text)).toContain('first0')
  expect(rows(text)).not.toContain(':')
})

it('what one thread does alone at first is folded into the beginning of a long one', () => {
  const text = lines(20, 8)
  expect(text[0]).toBe('At the beginning, after 20 steps that a takes alone:')
  expect(text[1]).toContain('sent = 0')
  expect(rows(text)).not.toContain('first0')
  expect(rows(text)).toContain('then0')
  expect(rows(text)).not.toContain(':')
})

it('a colon stands for steps of a very long one; what is cited and what is read later stays', () => {
  const text = rows(lines(20, 30))
  expect(text.filter((line) => line === ':').length).toBeGreaterThan(0)
  expect(text).not.toContain('then3')
  for (const needed of ['begin', 'tell']) expect(text.join('\n')).toContain(needed)
  expect(text.join('\n')).toMatch(/fail +\([A-Z]\)/)
  expect(text.findIndex((line) => line.startsWith('<---'))).toBeLessThanOrEqual(30)
})
