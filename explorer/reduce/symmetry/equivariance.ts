import { ModelError } from '../../../model/language/errors.ts'
import { asymmetryOf } from './asymmetry.ts'
import { areRenamed, type Evaluation } from './effect.ts'
import { FieldDecisionTrees, OUTSIDE, UNKNOWN } from './field-decision-trees.ts'
import { CommonNames, type PartialState, RenamedPartialState, type UnitNames } from './partial-state.ts'
import { Rearrangements } from './rearrangements.ts'
import type { Permutation, SymmetryGroup } from './symmetry-group.ts'

/** The units under test, families of steps or predicates, whose model code can be run on any state. */
export interface Units extends UnitNames {
  /** Runs a unit on a state. */
  run(unit: number, encoded: Uint16Array): Evaluation
  /** For messages: `step RUN.8 of vcpu0`. */
  describe(unit: number): string
}

const COMPLETE: readonly number[] = []

/**
 * Proves for each recording that model code is equivariant: for every permutation p of the group, the image of the
 * unit under p does on p(state) the image of what the unit does on the state.
 *
 * A recording is replayed in all states that agree on the fields it depends on. `widen` returns these fields, chosen
 * such that the statement holds for each of these states, not only for the given one. Usually they are the fields
 * read. Code that stops reading early (`every`, `find`) reads other fields under other names; those are added.
 *
 * Two permutations that map a partial state to the same image differ by one that maps it to itself. So it suffices to
 * test one permutation per image, and the permutations that map the partial state to itself. Of the latter, exchanges
 * of two ids that the partial state does not distinguish are tested. If there are others, some images are tested
 * several times instead.
 *
 * Model code runs once per combination of values it reads; its evaluation is cached by these values.
 */
export class Equivariance {
  /** Number of runs of model code so far. */
  runs = 0
  readonly #system: string
  readonly #group: SymmetryGroup
  readonly #units: Units
  readonly #trees: FieldDecisionTrees<Evaluation>
  readonly #names: CommonNames
  readonly #renamed: RenamedPartialState
  readonly #rearrangements: Rearrangements
  readonly #image: Uint16Array
  readonly #classes: Uint8Array
  readonly #exchange: Permutation
  /** By partial state under its common names: the fields that must be added; none if all renamings are checked. */
  readonly #lacking = new Map<string, readonly number[]>()

  constructor(system: string, group: SymmetryGroup, units: Units) {
    this.#system = system
    this.#group = group
    this.#units = units
    this.#trees = new FieldDecisionTrees(group.placements.map(({ field }) => field.shape.size))
    this.#names = new CommonNames(group, units)
    this.#renamed = new RenamedPartialState(group, units)
    this.#rearrangements = new Rearrangements(group)
    this.#image = new Uint16Array(group.placements.length)
    this.#classes = group.identity()
    this.#exchange = group.identity()
  }

  describe(unit: number): string {
    return this.#units.describe(unit)
  }

  /** What a unit does on a state. @throws what the model code throws. */
  evaluate(unit: number, encoded: Uint16Array): Evaluation {
    const known = this.#trees.ofState(unit, encoded)
    if (known !== null) return known
    this.runs++
    const evaluation = this.#units.run(unit, encoded)
    if (this.#trees.add(unit, encoded, evaluation)) return evaluation
    throw new ModelError(
      `${this.#system}: ${this.#units.describe(unit)}: is not a function of the state: it reads other fields than before on the same values`,
    )
  }

  /**
   * Forgets which partial states were checked. `widen` may return more fields than necessary, and which ones depends
   * on what was checked before.
   */
  forget(): void {
    this.#lacking.clear()
  }

  /**
   * Checks all renamings of what a unit does on a state.
   * @param reads fields on which the recording is known to depend.
   * @returns the fields on which the recording must depend, those given first.
   * @throws AsymmetryError naming the unit and the sort.
   */
  widen(unit: number, encoded: Uint16Array, reads: readonly number[]): readonly number[] {
    const fields = [...reads]
    for (const f of this.evaluate(unit, encoded).reads) if (!fields.includes(f)) fields.push(f)
    const partial = { unit, fields, encoded }
    const { permutation } = this.#names
    for (;;) {
      const key = this.#names.keyOf(partial)
      let lacking = this.#lacking.get(key)
      if (lacking === undefined) {
        lacking = this.#check(partial).map((f) => this.#group.imageOfField(f, permutation))
        this.#lacking.set(key, lacking)
      }
      if (lacking.length === 0) return fields
      const back = this.#group.inverse(permutation)
      for (const f of lacking) fields.push(this.#group.imageOfField(f, back))
    }
  }

  /** Checks all renamings. Returns fields that some renaming reads in addition, under their original names. */
  #check(partial: PartialState): readonly number[] {
    const { unit, encoded } = partial
    const { effects } = this.evaluate(unit, encoded)
    this.#classify(partial, (exchange) => {
      if (!areRenamed(this.#group, effects, exchange, effects)) this.#refuse(partial, exchange)
    })
    const renamed = this.#renamed
    const rearrangements = this.#rearrangements
    const { permutation } = rearrangements
    rearrangements.start(this.#classes)
    do {
      renamed.set(partial, permutation)
      const found = this.#trees.find(renamed.unit, renamed.encoded, renamed.marks, renamed.mark)
      const isKnown = found !== UNKNOWN && found !== OUTSIDE
      const evaluation = isKnown ? this.#trees.evaluation(found) : this.#evaluateRenamed(partial, permutation)
      if (!areRenamed(this.#group, effects, permutation, evaluation.effects))
        this.#refuse(partial, permutation)
      if (isKnown) continue
      const lacking = evaluation.reads.filter((f) => !renamed.has(f))
      if (lacking.length === 0) continue
      const back = this.#group.inverse(permutation)
      return lacking.map((f) => this.#group.imageOfField(f, back))
    } while (rearrangements.next())
    return COMPLETE
  }

  #evaluateRenamed(partial: PartialState, permutation: Permutation): Evaluation {
    this.#group.imageOfState(partial.encoded, permutation, this.#image)
    try {
      return this.evaluate(this.#renamed.unit, this.#image)
    } catch {
      return this.#refuse(partial, permutation)
    }
  }

  /**
   * Puts slots into one class if exchanging them does not change the partial state.
   * @param visit called with some of these exchanges, which generate all of them.
   */
  #classify(partial: PartialState, visit: (exchange: Permutation) => void): void {
    const { sorts, bases } = this.#group
    const classes = this.#classes
    const exchange = this.#exchange
    for (let slot = 0; slot < exchange.length; slot++) exchange[slot] = slot
    this.#renamed.set(partial, exchange)
    for (let n = 0; n < sorts.length; n++) {
      for (let slot = bases[n]; slot < bases[n] + sorts[n].size; slot++) {
        classes[slot] = slot
        for (let other = bases[n]; other < slot && classes[slot] === slot; other++) {
          if (classes[other] !== other) continue
          exchange[slot] = other
          exchange[other] = slot
          if (this.#renamed.equals(partial, exchange)) {
            classes[slot] = other
            visit(exchange)
          }
          exchange[slot] = slot
          exchange[other] = other
        }
      }
    }
  }

  #refuse({ unit, encoded }: PartialState, permutation: Permutation): never {
    const underTest = {
      system: this.#system,
      group: this.#group,
      evaluate: (s: number, c: Uint16Array) => this.evaluate(s, c),
      image: (s: number, p: Permutation) => this.#units.image(s, p),
      describe: (s: number) => this.#units.describe(s),
    }
    throw (
      asymmetryOf(underTest, unit, encoded, permutation) ??
      new Error(
        `${this.#system}: ${this.#units.describe(unit)}: an asymmetry cannot be explained; this is a bug in the search`,
      )
    )
  }
}
