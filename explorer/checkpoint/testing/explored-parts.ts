import { choice, program, step } from '../../../model/language/program.ts'
import { Oops } from '../../../model/language/property.ts'
import { array, range, struct, type View } from '../../../model/language/shapes.ts'
import { compose, one, type System } from '../../../model/language/system.ts'
import { CompiledSystem } from '../../compile/compiled-system.ts'
import { FAULT, LabelledGraph } from '../../search/liveness/labelled-graph.ts'
import { StateGraph } from '../../search/state-graph.ts'
import { Successors } from '../../search/successors.ts'
import type { StateTable } from '../../state/state-table.ts'
import { VectorStore } from '../../state/vector-store.ts'
import { type StorageOptions, visitedSetOf } from '../../state/visited-set.ts'

/** A small system, and the parts of a search of it that a plain loop has filled. */

/** The padding fills the first word of the state. */
const world = struct({ padding: array(5, range(0, 40)), n: range(0, 40) })
type World = View<typeof world>

/** The greatest number reached by counting. */
export const TOP = 30

/** A number that is not reached by counting, only from 0. */
export const FAR = 40

const set = (w: World, n: number): void => {
  w.n = n
}
const climb = program<World>('climb', 'counts up', [
  choice('climb', [
    step('by one', {}, { when: (w) => w.n > 0 && w.n < TOP, does: (w) => void w.n++, to: 'climb' }),
    step('far', {}, { when: (w) => w.n === 0, does: (w) => set(w, FAR), to: 'climb' }),
    step(
      'break',
      {},
      {
        when: (w) => w.n === 5,
        does: () => {
          throw new Oops('no-break', '')
        },
      },
    ),
  ]),
])
const jump = program<World>('jump', 'counts up faster', [
  choice('jump', [
    step('by two', {}, { when: (w) => w.n > 0 && w.n < TOP - 1, does: (w) => set(w, w.n + 2), to: 'jump' }),
  ]),
])

/**
 * Counts up to `TOP` from each of the given numbers, by one or by two. State `n` has up to two successors and, if `n`
 * is 5, an oops.
 */
export function countsUp(...from: readonly number[]): System {
  return compose({
    name: 'counts-up',
    world,
    threads: [one(climb), one(jump)],
    initial: from.map((n) => (w: World) => set(w, n)),
  })
}

/** The parts of a search that has expanded its first states. */
export interface ExploredParts {
  readonly compiled: CompiledSystem
  readonly store: VectorStore
  readonly table: StateTable
  readonly stateGraph: StateGraph
  readonly graph: LabelledGraph
  readonly initialOf: number[]
}

/** Empty parts. */
export function emptyParts(system: System, options: StorageOptions = {}): ExploredParts {
  const compiled = new CompiledSystem(system)
  const store = new VectorStore(system.layout.words, options.storage !== 'fingerprint')
  const table = visitedSetOf(store, options)
  return { compiled, store, table, stateGraph: new StateGraph(), graph: new LabelledGraph(), initialOf: [] }
}

/** Explores breadth first until `head` states, or all, are expanded. */
export function explored(system: System, head: number, options: StorageOptions = {}): ExploredParts {
  const parts = emptyParts(system, options)
  const { compiled, store, table, stateGraph, graph, initialOf } = parts
  const { layout, initial } = system
  const { hash } = compiled
  const successors = new Successors(compiled)
  const encoded = new Uint16Array(layout.fields.length)
  const words = new Int32Array(layout.words)
  const numberOf = (): number => {
    layout.unpack(words, 0, encoded)
    return table.insertState(words, 0, hash.hashLow(encoded), hash.hashHigh(encoded))
  }
  for (const [index, first] of initial.entries()) {
    layout.pack(first, words, 0)
    const id = numberOf()
    if (id >= 0) continue
    initialOf.push(index)
    graph.initial.push({ state: ~id, index })
  }
  for (let state = 0; state < Math.min(head, store.count); state++) {
    const chunk = store.chunks[state >>> VectorStore.chunkBits]
    const base = (state & VectorStore.chunkMask) * layout.words
    successors.find(chunk, base)
    for (let k = 0; k < successors.count; k++) {
      if (successors.faults(k)) {
        graph.add(successors.steps[k], FAULT)
        continue
      }
      words.set(chunk.subarray(base, base + layout.words))
      successors.apply(k, words, 0)
      const id = numberOf()
      stateGraph.add(state, id < 0 ? ~id : id)
      graph.add(successors.steps[k], id < 0 ? ~id : id)
    }
    graph.close()
  }
  store.expandedUpTo(Math.min(head, store.count))
  return parts
}
