import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { RecordingLog } from '../checkpoint/recording-log.ts'
import { SearchCheckpoint } from '../checkpoint/search-checkpoint.ts'
import { CompiledSystem, type CompileOptions } from '../compile/compiled-system.ts'
import { Predicates } from '../compile/predicates.ts'
import type { PartialOrderExpander } from '../reduce/partial-order/partial-order-expander.ts'
import type { Reductions } from '../reduce/reduction.ts'
import type { VisitedSet } from '../state/batch.ts'
import { VectorStore } from '../state/vector-store.ts'
import { visitedSetOf } from '../state/visited-set.ts'
import { AnswerClasses } from './answer-classes.ts'
import { Edges } from './edges.ts'
import { Expander } from './expander.ts'
import { Inheritance, notesFor } from './inheritance.ts'
import { Judge } from './judge.ts'
import type { SearchOptions } from './search-options.ts'

/** The parts of a breadth-first search. */
export interface Engine<W> {
  readonly compiled: CompiledSystem
  readonly store: VectorStore
  readonly visited: VisitedSet
  /** What keeps the states or their fingerprints: the visited set, or what is inside it. */
  readonly fingerprints: VisitedSet
  readonly expander: Expander | PartialOrderExpander
  /** Hands on to new states what is known of their steps; null where each state is looked at anew. */
  readonly inheritance: Inheritance | null
  readonly predicates: Predicates
  readonly classes: AnswerClasses
  readonly judge: Judge<W>
  /** The graph, where a property is judged on it. */
  readonly edges: Edges | null
  /** Null when the search neither leaves checkpoints nor goes on from one. */
  readonly checkpoint: SearchCheckpoint<W> | null
}

/**
 * Puts the parts together.
 * @throws ModelError when the model is wrong.
 */
export function engineFor<W>(
  system: System<W>,
  properties: readonly Property<W>[],
  options: SearchOptions,
  reductions: Reductions,
): Engine<W> {
  const { symmetry, partialOrder } = reductions
  const resumable = options.checkpoint !== undefined || options.resume !== undefined
  const log = resumable ? new RecordingLog(system as System) : null
  const { storage = 'exact', seed = 1, recheck = 'sample' } = options
  if (log !== null) symmetry?.forget()
  const compiled = new CompiledSystem(system as System, {
    actions: properties.filter((p) => p.kind === 'action') as never,
    seed,
    recheck,
    ...observers(options.onRecord, log?.onRecord),
    ...(symmetry === null ? {} : { widen: symmetry.widenStep }),
  })
  // A persistent set is chosen for each state anew: nothing is handed on there.
  const { room, noteBytes } = notesFor(system as System)
  const handsOn = partialOrder === null && room > 0
  const store = new VectorStore(system.layout.words, storage === 'exact', handsOn ? room : 0, noteBytes)
  const fingerprints = visitedSetOf(store, options)
  const states: VisitedSet = symmetry?.visitedSet(fingerprints, store, compiled.hash) ?? fingerprints
  const predicates = new Predicates(
    system as System,
    Judge.questions(properties),
    recheck,
    symmetry?.widenQuestion,
  )
  const classes = new AnswerClasses(predicates, compiled)
  const { expander, visited } = partialOrder?.parts(compiled, store, classes, states) ?? {
    expander: new Expander(compiled, store),
    visited: states,
  }
  const judge = new Judge(system, properties, predicates, classes)
  const edges = storage === 'exact' && properties.some((p) => p.kind === 'progress') ? new Edges() : null
  const inheritance = handsOn
    ? new Inheritance(expander.lists, store, edges === null ? 'in-order' : 'never')
    : null
  const found = { compiled, store, visited, fingerprints, expander, inheritance }
  const engine = { ...found, predicates, classes, judge, edges }
  if (log === null) return { ...engine, checkpoint: null }
  const { asked: reduce, stage } = reductions
  const manner = { reduce, stage, storage, bits: fingerprints.bits ?? 0, seed }
  const parts = {
    system,
    properties,
    manner,
    compiled,
    predicates,
    store,
    visited,
    fingerprints,
    judge,
    edges,
    reductions,
  }
  return { ...engine, checkpoint: new SearchCheckpoint(parts, options, log) }
}

/** One observer of recordings for several. */
function observers(...all: readonly (CompileOptions['onRecord'] | undefined)[]): CompileOptions {
  const told = all.filter((o) => o !== undefined)
  if (told.length === 0) return {}
  return {
    onRecord: (recording) => {
      for (const observer of told) observer(recording)
    },
  }
}
