import { describe, expect, it } from 'vitest'
import type { Node } from '../../model/language/fields.ts'
import { EncodedValues } from '../../model/language/layout.ts'
import type { System } from '../../model/language/system.ts'
import { stepTable } from '../compile/step-table.ts'
import { effort } from '../testing/effort.ts'
import { PUBLISHED_COUNTS, type PublishedCounts } from './published-counts.ts'

/**
 * Counts orbits the slow way, without the explorer: all reachable states, all permutations of a sort, the
 * least permuted state stands for its orbit. It shows that the models are exactly symmetric.
 */

const keyOf = (encoded: Uint16Array): string => String.fromCharCode(...encoded)

/** The reachable states and how many steps each has. */
function reachable(system: System): Map<string, { encoded: Uint16Array; steps: number }> {
  const table = stepTable(system)
  const store = new EncodedValues(system.layout.fields.length)
  const { world } = system.view(store)
  const found = new Map<string, { encoded: Uint16Array; steps: number }>()
  const queue: { encoded: Uint16Array; steps: number }[] = []
  const enter = (encoded: Uint16Array): void => {
    const key = keyOf(encoded)
    if (found.has(key)) return
    const state = { encoded: encoded.slice(), steps: 0 }
    found.set(key, state)
    queue.push(state)
  }
  for (const encoded of system.initial) enter(encoded)
  for (const state of queue) {
    for (const step of table) {
      const counter = system.threads[step.thread].counter.index
      if (state.encoded[counter] !== step.counter) continue
      store.values.set(state.encoded)
      const taken = step.cases.find(({ guard }) => guard === undefined || guard(world, step.self))
      if (taken === undefined) continue
      for (const effect of taken.effects) effect(world, step.self)
      store.values[counter] = taken.target
      state.steps++
      enter(store.values)
    }
  }
  return found
}

function permutations(size: number): number[][] {
  if (size === 0) return [[]]
  return permutations(size - 1).flatMap((shorter) =>
    Array.from({ length: size }, (_, at) => shorter.toSpliced(at, 0, size - 1)),
  )
}

/** The encoded values of the state in which every id of the sort is replaced by its image. */
function permute(system: System, sort: string, image: readonly number[], encoded: Uint16Array): Uint16Array {
  const permuted = new Uint16Array(encoded.length)
  const move = (from: Node, to: Node): void => {
    if (from.kind === 'scalar' && to.kind === 'scalar') {
      const { idOf } = from.field.shape
      const value = encoded[from.field.index]
      const none = idOf?.optional === true ? 1 : 0
      permuted[to.field.index] =
        idOf?.sort.name === sort && value >= none ? image[value - none] + none : value
    } else if (from.kind === 'set' && to.kind === 'set') {
      from.flags.forEach((flag, i) => {
        permuted[to.flags[from.indexedBy?.name === sort ? image[i] : i].index] = encoded[flag.index]
      })
    } else if (from.kind === 'array' && to.kind === 'array') {
      from.elements.forEach((element, i) => {
        move(element, to.elements[from.indexedBy?.name === sort ? image[i] : i])
      })
    } else if (from.kind === 'struct' && to.kind === 'struct') {
      for (const [name, member] of from.members) move(member, to.members.get(name) as Node)
    }
  }
  move(system.layout.root, system.layout.root)
  return permuted
}

const isSmall = (row: PublishedCounts): boolean =>
  row.orbits !== undefined && row.states < effort(2_000, 10_000)

describe.each(PUBLISHED_COUNTS.filter(isSmall))('$id', (row) => {
  it('has the published orbits', () => {
    const { sort, states, edges } = row.orbits as NonNullable<PublishedCounts['orbits']>
    const system = row.build()
    const { size } = system.symmetric.find(({ name }) => name === sort) as { size: number }
    const images = permutations(size)
    const found = reachable(system)
    const orbits = new Map<string, number>()
    let unknown = 0
    for (const { encoded, steps } of found.values()) {
      const keys = images.map((image) => keyOf(permute(system, sort, image, encoded)))
      unknown += keys.filter((key) => !found.has(key)).length
      orbits.set(keys.sort()[0], steps)
    }
    expect(unknown).toBe(0)
    expect(orbits.size).toBe(states)
    if (edges !== undefined) expect([...orbits.values()].reduce((a, b) => a + b, 0)).toBe(edges)
  })
})
