import type { CompiledSystem } from '../../compile/compiled-system.ts'
import { SuccessorLists } from '../../compile/successor-lists.ts'
import { type AnswerClasses, UNCLASSED } from '../../search/answer-classes.ts'
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
  /** Kept states that were expanded by some of their steps only. */
  readonly reduced: number
  /** States that were passed between kept ones, with repetitions. */
  readonly passed: number
}

/**
 * Leaves out orders of independent steps, and keeps no state that differs in nothing that matters from the next.
 * Preserved are: which invariants, witnesses, action properties, faults and deadlocks can be reached, which
 * steps can be taken, and whether a goal always stays possible (AG EF). Lengths are not: a trace may be longer
 * than the shortest, and the depth is counted in kept states.
 *
 * A kept state is expanded by one thread that is enough for it, see `LookAhead`, if one of the kept states found
 * is yet to be expanded; else in full. Why that is enough: let a run of n steps lead in the full system from a
 * kept state s to what is looked for (an answer, a step, a deadlock; for AG EF a goal, or a state without a
 * way to it). By what `LookAhead` promises, either s is it, or a run to the same thing begins with a step a
 * that is taken in s: of n - 1 steps after a, when the run had a step of the thread or s is expanded in full;
 * else of n steps, and a can be chosen so that the state kept after it is expanded later than s. Neither can go on
 * for ever. The same holds for the single step of a state that is passed, and chains have ends.
 */
export class PartialOrder {
  reduced = 0
  #look: LookAhead | null = null
  #compression: PathCompression | null = null
  #set: CompressingSet | null = null

  /**
   * Begins a search.
   * @param inner where the ends of chains are looked up. @param form in which it keeps them; null for as they are.
   * @returns the visited set of chain ends in front of it, and what expands states by some of their steps.
   */
  begin(
    compiled: CompiledSystem,
    store: VectorStore,
    classes: AnswerClasses,
    inner: VisitedSet,
    form: CanonicalForm | null,
  ): { readonly expander: PartialOrderExpander; readonly visited: VisitedSet } {
    this.reduced = 0
    const lists = new SuccessorLists(compiled)
    const look = new LookAhead(lists, classes)
    const compression = new PathCompression(compiled, classes, look, form)
    const visited = new CompressingSet(inner, store, compression)
    this.#look = look
    this.#compression = compression
    this.#set = visited
    return { visited, expander: new PartialOrderExpander(lists, store, look, compression, this) }
  }

  /**
   * The numbers of all steps of a path through kept states.
   * @param initial codes of the state in which it begins.
   * @param steps the step by which each of the others was found from the one before.
   * @param states the numbers of the others.
   */
  unfold(initial: Uint16Array, steps: readonly number[], states: readonly number[]): number[] {
    const set = this.#set as CompressingSet
    return (this.#compression as PathCompression).unfold(
      initial,
      steps,
      states.map((id) => set.lengthTo(id)),
    )
  }

  /** The thread whose steps are enough for the packed state at `base`; null when all are needed. */
  threadFor(words: Int32Array, base: number): number | null {
    const thread = (this.#look as LookAhead).choose(words, base, UNCLASSED)
    return thread === NONE ? null : thread
  }

  /** What was counted, for a checkpoint; the lengths of chains are `lengths`. */
  state(): PartialOrderState {
    return this.report()
  }

  /** How many states were passed before each kept state; as long as it need be, or longer. */
  get lengths(): Uint16Array<ArrayBufferLike> {
    return (this.#set as CompressingSet).lengths
  }

  /** Goes on where a search was interrupted. */
  restore({ reduced, passed }: PartialOrderState, lengths: Uint16Array): void {
    this.reduced = reduced
    if (this.#compression !== null) this.#compression.passed = passed
    if (this.#set !== null) this.#set.lengths = lengths
  }

  report(): PartialOrderReport {
    return { reduced: this.reduced, passed: this.#compression?.passed ?? 0 }
  }
}
