import type { CompiledSystem } from '../../compile/compiled-system.ts'
import { SuccessorLists } from '../../compile/successor-lists.ts'
import { UNNUMBERED, type Valuations } from '../../search/valuations.ts'
import type { VisitedSet } from '../../state/state-table.ts'
import type { VectorStore } from '../../state/vector-store.ts'
import type { PartialOrderState } from '../reduction-state.ts'
import type { CanonicalForm } from '../symmetry/canonical-form.ts'
import { CompressingSet } from './compressing-set.ts'
import { LookAhead, NONE } from './look-ahead.ts'
import { PartialOrderExpander } from './partial-order-expander.ts'
import { PathCompression } from './path-compression.ts'

/** What a search with partial order reduction did. */
export interface PartialOrderReport {
  /** Stored states that were not expanded in full. */
  readonly reduced: number
  /** States that path compression skipped, with repetitions. */
  readonly passed: number
}

/**
 * Partial-order reduction: leaves out orders of independent steps, and stores no state that differs from its
 * successor in nothing that is observed (path compression). It preserves which invariants, witnesses, action
 * properties, faults and deadlocks can be reached, which steps can be taken, and whether a goal is always possible
 * (AG EF). It does not preserve lengths: a trace may be longer than the shortest, and the depth counts stored states.
 *
 * A stored state is expanded by a singleton persistent set (see `LookAhead`) if one of the stored states found that
 * way is not expanded yet, otherwise in full. Why this is sound: in the full system, let a run of n steps lead from
 * a stored state s to a target (a predicate's value, a step, a deadlock; for AG EF a goal, or a state from which
 * none is reachable). By the property of `LookAhead`, either s is a target itself, or a run to the same target
 * begins with a step a that is taken in s. If the run had a step of the thread, or if s is expanded in full, n - 1
 * steps remain after a. Otherwise n steps remain, and a can be chosen such that the state stored after it is
 * expanded later than s. Neither can happen infinitely often. The same holds for the single step of a state that is
 * skipped, and compressed paths are finite.
 */
export class PartialOrder {
  reduced = 0
  #look: LookAhead | null = null
  #compression: PathCompression | null = null
  #set: CompressingSet | null = null

  /**
   * Begins a search.
   * @param inner the visited set for the states that are stored. @param form their canonical form, if any.
   * @returns the visited set with path compression in front of `inner`, and the expander to use.
   */
  begin(
    compiled: CompiledSystem,
    store: VectorStore,
    valuations: Valuations,
    inner: VisitedSet,
    form: CanonicalForm | null,
  ): { readonly expander: PartialOrderExpander; readonly visited: VisitedSet } {
    this.reduced = 0
    const lists = new SuccessorLists(compiled)
    const look = new LookAhead(lists, valuations)
    const compression = new PathCompression(compiled, valuations, look, form)
    const visited = new CompressingSet(inner, store, compression)
    this.#look = look
    this.#compression = compression
    this.#set = visited
    return { visited, expander: new PartialOrderExpander(lists, store, look, compression, this) }
  }

  /**
   * The numbers of all steps of a path through stored states, those from skipped states included.
   * @param initial the state in which it begins, unpacked.
   * @param steps the step by which each of the other states was found.
   * @param states the numbers of the other states.
   */
  unfold(initial: Uint16Array, steps: readonly number[], states: readonly number[]): number[] {
    const set = this.#set as CompressingSet
    return (this.#compression as PathCompression).unfold(
      initial,
      steps,
      states.map((id) => set.lengthTo(id)),
    )
  }

  /** The thread that is a persistent set of the packed state at `base`; null if none was found. */
  threadFor(words: Int32Array, base: number): number | null {
    const thread = (this.#look as LookAhead).choose(words, base, UNNUMBERED)
    return thread === NONE ? null : thread
  }

  /** The counters, for a checkpoint, which stores `lengths` as well. */
  state(): PartialOrderState {
    return this.report()
  }

  /** How many states were skipped in front of each stored state; may have unused entries at the end. */
  get lengths(): Uint16Array<ArrayBufferLike> {
    return (this.#set as CompressingSet).lengths
  }

  /** Restores the counters of an interrupted search. */
  restore({ reduced, passed }: PartialOrderState, lengths: Uint16Array): void {
    this.reduced = reduced
    if (this.#compression !== null) this.#compression.skipped = passed
    if (this.#set !== null) this.#set.lengths = lengths
  }

  report(): PartialOrderReport {
    return { reduced: this.reduced, passed: this.#compression?.skipped ?? 0 }
  }
}
