import type { System } from '../../model/language/system.ts'
import type { CompiledSystem, Recording } from '../compile/compiled-system.ts'
import type { Predicates, Question } from '../compile/predicates.ts'
import { type CompiledStep, stepTable } from '../compile/step-table.ts'
import type { VectorStore } from '../state/vector-store.ts'
import { Dependency, type Move, NO_RENAMINGS } from './dependency.ts'
import { PartialOrderExpander } from './partial-order-expander.ts'
import { PersistentSets } from './persistent-sets.ts'
import type { PartialOrderState } from './reduction-state.ts'
import type { Symmetry } from './symmetry.ts'
import { valueClasses } from './value-classes.ts'

/** What a search with partial order reduction did. */
export interface PartialOrderReport {
  /** States expanded by some of their steps only. */
  readonly reduced: number
  /** Searches made until what steps were seen to read and write no longer changed a decision. */
  readonly rounds: number
}

/**
 * Leaves out orders of independent steps. Preserved are: which invariants, witnesses, action properties, faults
 * and deadlocks can be reached, and whether a goal always stays possible (AG EF). Lengths are not: a trace may
 * be longer than the shortest.
 *
 * Nothing is declared: steps depend on each other by what they were seen to read and write. That is not known
 * when the first states are expanded, so a search whose decisions were made on less than what is known at its
 * end is repeated with that knowledge. At the fixed point the footprints are complete. Suppose a run t1..tn of
 * the full system in which only tn reads a field x that it was never seen to read, after fields f1..fm that it
 * was. The search takes t1..tn-1 and further steps, none of which writes f1..fm, and then sees tn read the same
 * values of f1..fm; what code reads next is a function of the values it has read, so it reads x.
 *
 * Questions about states see the steps that write what they read in the order of the full system, because such
 * steps count as dependent. For AG EF: let a run lead from a kept state s to the goal. If s was expanded by a
 * set T, the first step of T on the run can come first; if there is none, a step a of T that leads on commutes
 * with the run, which is as long after it; and either a is invisible to the goal, or nothing on the run is
 * visible and s is at the goal already. So kept states reach goals by kept steps. Conversely a state v without
 * a way to the goal is followed, by steps that commute with those that lead to v, by a kept state.
 */
export class PartialOrder {
  readonly observe: (recording: Recording) => void
  /** States expanded by some of their steps only. */
  reduced = 0
  readonly #dependency: Dependency
  readonly #sets: PersistentSets
  readonly #system: System
  readonly #questions: number
  #predicates: Predicates | null = null
  #seenVersion = -1
  #rounds = 0
  /** What was known at the first reduced decision of the round; null before. */
  #decidedOn: string | null = null

  constructor(system: System, questions: readonly Question[], symmetry: Symmetry | null) {
    const steps = stepTable(system)
    this.#system = system
    this.#questions = questions.length
    this.#dependency = new Dependency(
      system.layout.fields.length,
      steps.map((step) => moveOf(system, step)),
      questions.length,
      (question) => valueClasses(system, questions[question]),
      symmetry?.renamings() ?? NO_RENAMINGS,
    )
    this.#sets = new PersistentSets(system, steps, this.#dependency)
    this.observe = ({ step, reads, writes }) => this.#dependency.note(step.index, reads, writes)
  }

  /** Begins a search with what earlier rounds have seen. */
  expander(compiled: CompiledSystem, store: VectorStore, predicates: Predicates): PartialOrderExpander {
    this.#predicates = predicates
    this.#seenVersion = -1
    this.#decidedOn = null
    this.reduced = 0
    this.#rounds++
    return new PartialOrderExpander(compiled, store, this)
  }

  /** Sets of threads that are enough for a state, see `PersistentSets.choose`. */
  choose(words: Int32Array, base: number): readonly number[] {
    const predicates = this.#predicates as Predicates
    if (predicates.footprintVersion !== this.#seenVersion) this.#noteQuestions(predicates)
    const masks = this.#sets.choose(words, base)
    if (masks.length > 0) this.#decidedOn ??= this.#dependency.knowledge()
    return masks
  }

  /** True when every decision of the search just made rested on what is known now. */
  get settled(): boolean {
    const predicates = this.#predicates
    if (predicates !== null) this.#noteQuestions(predicates)
    return this.#decidedOn === null || this.#decidedOn === this.#dependency.knowledge()
  }

  /** What was learned and decided, for a checkpoint; the tree of choices is `tree`. */
  state(): PartialOrderState {
    return {
      reduced: this.reduced,
      rounds: this.#rounds,
      decidedOn: this.#decidedOn,
      dependency: this.#dependency.state(),
      sets: this.#sets.state(),
    }
  }

  /** The nodes of the tree of choices. */
  get tree(): Int32Array {
    return this.#sets.tree
  }

  /** Goes on in the round in which a search was interrupted, with what was known then. */
  restore({ reduced, rounds, decidedOn, dependency, sets }: PartialOrderState, tree: Int32Array): void {
    this.reduced = reduced
    this.#rounds = rounds
    this.#decidedOn = decidedOn
    this.#dependency.restore(dependency)
    this.#sets.restore(sets, tree)
  }

  report(): PartialOrderReport {
    return { reduced: this.reduced, rounds: this.#rounds }
  }

  #noteQuestions(predicates: Predicates): void {
    this.#seenVersion = predicates.footprintVersion
    const { fields, words } = this.#system.layout
    for (let q = 0; q < this.#questions; q++) {
      for (const { index, word, shift, mask } of fields) {
        if ((predicates.footprints[q * words + word] & (mask << shift)) !== 0)
          this.#dependency.noteQuestion(q, index)
      }
    }
  }
}

/** What a step does to the program counter of its thread. */
export function moveOf(system: System, step: CompiledStep): Move {
  const counter = system.threads[step.thread].counter.index
  return { counter, from: step.counter, to: step.cases.map(({ target }) => target) }
}
