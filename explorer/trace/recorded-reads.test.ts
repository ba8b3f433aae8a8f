import { describe, expect, it } from 'vitest'
import { indicesOf as all } from '../../model/language/indices.ts'
import { EncodedValues, layout } from '../../model/language/layout.ts'
import { isAt, places } from '../../model/language/places.ts'
import { array, oneOf, range, struct, type View } from '../../model/language/shapes.ts'
import { Draws } from '../search/random/draws.ts'
import { effort } from '../testing/effort.ts'
import { RecordedReads } from './recorded-reads.ts'

const shape = struct({
  lock: oneOf('free', 'held'),
  at: array(2, oneOf('idle', 'a/1', 'a/2', 'b/1')),
  node: array(5, struct({ color: range(0, 2), next: array(4, range(0, 4)), mark: array(5, range(0, 1)) })),
})
type World = View<typeof shape>
const state = layout(shape)
const IN_A = places((path) => path.startsWith('a/'))

let calls = 0
const counted = <T>(value: T): T => {
  calls++
  return value
}

/** Of the forms that properties have: a guard that is read first or not, and methods of indices in each other. */
const PREDICATES: Readonly<Record<string, (world: World) => unknown>> = {
  constant: () => true,
  'a lock first': (w) =>
    w.lock === 'free' &&
    all(w.node).every((n) => all(w.node).some((m) => counted(w.node[n].color === w.node[m].next[0]))),
  'a place first': (w) => isAt(w.at, 0, IN_A) && all(w.node).some((n) => counted(w.node[n].mark[n] === 1)),
  'places in a loop': (w) => all(w.at).some((t) => isAt(w.at, t, IN_A) && w.node[t].color === 1),
  'what a loop has found': (w) => {
    const red = all(w.node).filter((n) => counted(w.node[n].color === 1))
    return all(w.node).every((n) =>
      all(w.node[n].next).every((i) => counted(!red.includes(w.node[n].next[i]))),
    )
  },
  'whether a loop has found something': (w) => {
    const some = all(w.node).some((n) => counted(w.node[n].color === 1))
    return all(w.node).some((n) => counted((w.node[n].mark[2] === 1) === some))
  },
  'a value that the outer call has read': (w) =>
    all(w.node).every((n) => {
      const { color } = w.node[n]
      return all(w.node).some((m) => all(w.node[m].next).some((i) => counted(w.node[m].next[i] === color)))
    }),
  'a value read between two loops': (w) => {
    const some = all(w.node).some((n) => counted(w.node[n].mark[0] === 1))
    const color = w.node[0].color
    return some !== all(w.node).some((n) => counted(w.node[n].color === color && n > 0))
  },
  'lists of lists': (w) =>
    JSON.stringify(
      all(w.node).flatMap((n) => all(w.node[n].next).flatMap((i) => counted([w.node[n].next[i], n]))),
    ),
  'a loop that is not always run': (w) =>
    all(w.node).some((n) => w.node[n].color === 2) ||
    all(w.node).every((n) => counted(w.node[n].mark[1] === 0)),
  'plain loops': (w) => {
    let sum = 0
    for (const n of all(w.node)) for (const i of all(w.node[n].next)) sum += counted(w.node[n].next[i])
    return all(w.node).reduce((most, n) => Math.max(most, w.node[n].color * sum), 0)
  },
}

describe('a predicate whose reads are recorded', () => {
  it.each(Object.keys(PREDICATES))('has the value of an evaluation of everything: %s', (name) => {
    const predicate = PREDICATES[name]
    const cells = new RecordedReads(state.fields.length)
    const plain = new EncodedValues(state.fields.length)
    const [recorded, naive] = [state.view(cells), state.view(plain)]
    const evaluations = cells.evaluations()
    const draws = new Draws(7, 0)
    const made = { recorded: 0, naive: 0 }
    for (let step = 0; step < effort(300, 20_000); step++) {
      const field = draws.below(state.fields.length)
      const written = draws.below(state.fields[field].shape.size)
      cells.write(field, written)
      plain.write(field, written)
      calls = 0
      if (!evaluations.isValid) cells.evaluate(evaluations, () => predicate(recorded))
      made.recorded += calls
      calls = 0
      expect(evaluations.result, `step ${step}`).toEqual(predicate(naive))
      made.naive += calls
    }
    if (made.naive > 0) expect(made.recorded).toBeLessThan(made.naive)
  })
})
