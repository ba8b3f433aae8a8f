import type { ModelError } from '../../model/language/errors.ts'
import { truthOf } from '../../model/language/model-code.ts'
import type { Counters, System } from '../../model/language/system.ts'
import { DecisionTrees, UNKNOWN } from './decision-trees.ts'
import { DIFFERS, type Part, propertyError } from './model-code-errors.ts'
import { withoutNondeterminism } from './nondeterminism.ts'
import { ObservingRecorder, type Recorder } from './recorder.ts'
import { isSampled, type Recheck, Samples } from './samples.ts'

/** A predicate on states, with an optional antecedent. */
export interface Predicate {
  readonly id: string
  readonly given?: (world: never, at: Counters) => boolean
  readonly holds: (world: never, at: Counters) => boolean
  /** Which function of the property `holds` is, for messages. Default: its `holds`. */
  readonly part?: Part
}

/** Values of predicates, as leaves of decision trees. `vacuous`: the antecedent is false. */
export const PREDICATE_VALUE = { vacuous: -1, holds: -2, fails: -3 } as const

/**
 * Called before a value is recorded: returns the fields that the recording depends on, those read first. The
 * result must be a function of the values of these fields, as the predicate itself is.
 */
export type Widen = (index: number, value: number, recorder: Recorder) => readonly number[]

/** How often `recheck` evaluates each predicate, at least. */
const EVALUATED_AGAIN = { all: 64, sample: 8 } as const

/** State predicates, evaluated once per combination of values they read and replayed from then on. */
export class Predicates {
  readonly list: readonly Predicate[]
  readonly trees = new DecisionTrees()
  readonly roots: Int32Array
  readonly recorder: ObservingRecorder
  /** Bits of the packed state that predicate q was seen to depend on, at `q * words`. */
  readonly footprints: Int32Array
  /** Incremented whenever a footprint grows. */
  footprintVersion = 0
  /** Called for every value that is recorded, with the state and the fields the value depends on. */
  onValue:
    | ((predicate: number, value: number, encoded: Uint16Array, depends: readonly number[]) => void)
    | null = null
  readonly #system: System
  readonly #widen: Widen | undefined
  readonly #recheck: Recheck | null
  readonly #samples: Samples | null
  readonly #view: { readonly world: never; readonly at: Counters }

  /**
   * @param recheck which recordings are made twice, and again by `recheck`; null where that is not called, and all are
   *   made twice.
   */
  constructor(system: System, list: readonly Predicate[], recheck: Recheck | null = null, widen?: Widen) {
    this.#system = system
    this.#widen = widen
    this.#recheck = recheck
    this.list = list
    this.roots = new Int32Array(list.length)
    this.recorder = new ObservingRecorder(system.layout.fields.length)
    this.#view = system.view(this.recorder)
    this.footprints = new Int32Array(list.length * system.layout.words)
    this.#samples =
      recheck === null ? null : new Samples(list.length, system.layout.words, recheck, EVALUATED_AGAIN)
  }

  /** Value of predicate `index` in the packed state at `base`. @throws ModelError when it throws. */
  evaluate(index: number, words: Int32Array, base: number): number {
    const known = this.trees.find(this.roots[index], words, base)
    return known === UNKNOWN ? this.#record(index, words, base) : known
  }

  /**
   * Runs the predicate's code on the state that the caller has put into `recorder.base`; the reads stay in the
   * recorder. @throws ModelError when the code throws or writes.
   */
  compute(index: number): number {
    const { recorder } = this
    const predicate = this.list[index]
    recorder.restart()
    recorder.frozen = true
    let part: Part = 'given'
    try {
      const world = this.#view.world
      const { at } = this.#view
      if (predicate.given !== undefined && !truthOf(predicate.given(world, at)))
        return PREDICATE_VALUE.vacuous
      part = predicate.part ?? 'holds'
      return truthOf(predicate.holds(world, at)) ? PREDICATE_VALUE.holds : PREDICATE_VALUE.fails
    } catch (error) {
      throw this.#wrong(index, error, part)
    }
  }

  /**
   * Evaluates recorded predicates again, in a different order than the search did.
   * @throws ModelError for a property whose value or reads differ now.
   */
  recheck(seed: number): void {
    this.#samples?.visit(seed, this.#evaluateAgain)
  }

  readonly #evaluateAgain = (index: number, known: number, words: Int32Array, base: number): void => {
    const { recorder, trees, roots } = this
    const { layout } = this.#system
    layout.unpack(words, base, recorder.base)
    const widened = this.#widen !== undefined
    if (this.compute(index) !== known) throw this.#wrong(index, DIFFERS.result)
    const { reads, observed, base: encoded } = recorder
    const isSame = widened
      ? trees.leadsTo(-known, roots[index], recorder, layout.fields, reads.length, true)
      : trees.leadsAlong(-known, roots[index], observed, layout.fields, encoded)
    if (!isSame) throw this.#wrong(index, DIFFERS.reads)
  }

  #record(index: number, words: Int32Array, base: number): number {
    const { recorder, roots } = this
    const { layout } = this.#system
    layout.unpack(words, base, recorder.base)
    const value = withoutNondeterminism(() => this.compute(index))
    if (roots[index] === UNKNOWN || this.#recheck !== 'sample' || isSampled(index, recorder))
      this.#computeAgain(index, value)
    const { trees } = this
    const { base: encoded } = recorder
    const depends = this.#widen === undefined ? recorder.reads : this.#widen(index, value, recorder)
    try {
      roots[index] =
        this.#widen === undefined
          ? trees.insertObserved(roots[index], recorder, layout.fields, encoded, -value)
          : trees.insert(roots[index], depends, layout.fields, encoded, -value)
    } catch (error) {
      throw this.#wrong(index, error)
    }
    this.#samples?.add(index, value, words, base)
    this.onValue?.(index, value, recorder.base, depends)
    for (const f of depends) {
      const { word, shift, mask } = layout.fields[f]
      const at = index * layout.words + word
      if ((this.footprints[at] | (mask << shift)) === this.footprints[at]) continue
      this.footprints[at] |= mask << shift
      this.footprintVersion++
    }
    return value
  }

  /** Code that depends on variables outside the state is likely to differ the second time. */
  #computeAgain(index: number, value: number): void {
    const { observed, classes } = this.recorder
    const before = { observed: observed.slice(), classes: classes.slice() }
    if (this.compute(index) !== value) throw this.#wrong(index, DIFFERS.result)
    if (!isSame(observed, before.observed) || !isSame(classes, before.classes))
      throw this.#wrong(index, DIFFERS.reads)
  }

  #wrong(index: number, error: unknown, part: Part | null = null): ModelError {
    return propertyError(this.#system.name, this.list[index].id, part, error)
  }
}

function isSame<T>(one: readonly T[], other: readonly T[]): boolean {
  if (one.length !== other.length) return false
  for (let n = 0; n < one.length; n++) if (one[n] !== other[n]) return false
  return true
}
