import { ModelError } from '../../../model/language/errors.ts'
import { type Answer, areRenamed } from '../partial-order/saying.ts'
import {
  CommonNames,
  RenamedSituation,
  type Situation,
  type SubjectNames,
} from '../partial-order/situation.ts'
import { AnswerTrees, OUTSIDE, UNKNOWN } from './answer-trees.ts'
import { asymmetryOf } from './asymmetry.ts'
import { Rearrangements } from './rearrangements.ts'
import type { Permutation, SymmetryGroup } from './symmetry-group.ts'

/** Model code of several subjects (families of steps, properties) that can be run on any state. */
export interface Subjects extends SubjectNames {
  /** Runs a subject on a state. */
  answer(subject: number, codes: Uint16Array): Answer
  /** For messages: `step RUN.8 of vcpu0`. */
  describe(subject: number): string
}

const COMPLETE: readonly number[] = []

/**
 * Proves, behaviour by behaviour, that model code does not depend on names: for every permutation p of the
 * group, the image of the subject under p does on p(state) the image of what the subject does on the state.
 *
 * A behaviour is valid for all states that agree on the fields it depends on. `widen` names these fields: with
 * them, the statement holds for each such state, not only for the one at hand. Mostly they are the fields
 * read; code that stops reading early (`every`, `find`) reads other fields under other names, and those are
 * added.
 *
 * Permutations that turn a situation into the same renaming of it differ by one that leaves it as it is. So it
 * is enough to look at each renaming once, and at what the subject does in the situation itself under
 * permutations that leave it as it is. Of those, exchanges of two ids that the situation does not tell apart
 * are looked at; should there be others, some renamings are looked at several times instead.
 *
 * Model code is run once on the same values; what it says then is remembered by the values it read.
 */
export class Equivariance {
  /** Model code run for the check so far. */
  runs = 0
  readonly #system: string
  readonly #group: SymmetryGroup
  readonly #subjects: Subjects
  readonly #trees: AnswerTrees<Answer>
  readonly #names: CommonNames
  readonly #renamed: RenamedSituation
  readonly #rearrangements: Rearrangements
  readonly #image: Uint16Array
  readonly #classes: Uint8Array
  readonly #exchange: Permutation
  /** By situation under its common names: the fields that it lacks, none once all renamings are checked. */
  readonly #lacking = new Map<string, readonly number[]>()

  constructor(system: string, group: SymmetryGroup, subjects: Subjects) {
    this.#system = system
    this.#group = group
    this.#subjects = subjects
    this.#trees = new AnswerTrees(group.placements.map(({ field }) => field.shape.size))
    this.#names = new CommonNames(group, subjects)
    this.#renamed = new RenamedSituation(group, subjects)
    this.#rearrangements = new Rearrangements(group)
    this.#image = new Uint16Array(group.placements.length)
    this.#classes = group.identity()
    this.#exchange = group.identity()
  }

  describe(subject: number): string {
    return this.#subjects.describe(subject)
  }

  /** What a subject says about a state. @throws what the model code throws. */
  ask(subject: number, codes: Uint16Array): Answer {
    const known = this.#trees.ofState(subject, codes)
    if (known !== null) return known
    this.runs++
    const answer = this.#subjects.answer(subject, codes)
    if (this.#trees.add(subject, codes, answer)) return answer
    throw new ModelError(
      `${this.#system}: ${this.#subjects.describe(subject)}: is not a function of the state: it reads other fields than before on the same values`,
    )
  }

  /**
   * Forgets which situations were checked. The fields on which a behaviour is to depend can be more than it
   * needs, which ones is a matter of what was checked before.
   */
  forget(): void {
    this.#lacking.clear()
  }

  /**
   * Checks all renamings of what a subject says about a state.
   * @param reads fields on which the behaviour is known to depend.
   * @returns the fields on which the behaviour is to depend, those given first.
   * @throws AsymmetryError naming the subject and the sort.
   */
  widen(subject: number, codes: Uint16Array, reads: readonly number[]): readonly number[] {
    const fields = [...reads]
    for (const f of this.ask(subject, codes).reads) if (!fields.includes(f)) fields.push(f)
    const situation = { subject, fields, codes }
    const { permutation } = this.#names
    for (;;) {
      const key = this.#names.keyOf(situation)
      let lacking = this.#lacking.get(key)
      if (lacking === undefined) {
        lacking = this.#check(situation).map((f) => this.#group.imageOfField(f, permutation))
        this.#lacking.set(key, lacking)
      }
      if (lacking.length === 0) return fields
      const back = this.#group.inverse(permutation)
      for (const f of lacking) fields.push(this.#group.imageOfField(f, back))
    }
  }

  /** Checks all renamings; returns fields, named as in the situation, that some renaming also reads. */
  #check(situation: Situation): readonly number[] {
    const { subject, codes } = situation
    const { sayings } = this.ask(subject, codes)
    this.#classify(situation, (exchange) => {
      if (!areRenamed(this.#group, sayings, exchange, sayings)) this.#refuse(situation, exchange)
    })
    const renamed = this.#renamed
    const rearrangements = this.#rearrangements
    const { permutation } = rearrangements
    rearrangements.start(this.#classes)
    do {
      renamed.set(situation, permutation)
      const found = this.#trees.find(renamed.subject, renamed.codes, renamed.marks, renamed.mark)
      const isKnown = found !== UNKNOWN && found !== OUTSIDE
      const answer = isKnown ? this.#trees.answer(found) : this.#askRenamed(situation, permutation)
      if (!areRenamed(this.#group, sayings, permutation, answer.sayings)) this.#refuse(situation, permutation)
      if (isKnown) continue
      const lacking = answer.reads.filter((f) => !renamed.has(f))
      if (lacking.length === 0) continue
      const back = this.#group.inverse(permutation)
      return lacking.map((f) => this.#group.imageOfField(f, back))
    } while (rearrangements.next())
    return COMPLETE
  }

  #askRenamed(situation: Situation, permutation: Permutation): Answer {
    this.#group.imageOfState(situation.codes, permutation, this.#image)
    try {
      return this.ask(this.#renamed.subject, this.#image)
    } catch {
      return this.#refuse(situation, permutation)
    }
  }

  /**
   * Puts slots into one class that can be exchanged without changing the situation.
   * @param visit told of such exchanges, enough to make all others of them.
   */
  #classify(situation: Situation, visit: (exchange: Permutation) => void): void {
    const { sorts, bases } = this.#group
    const classes = this.#classes
    const exchange = this.#exchange
    for (let slot = 0; slot < exchange.length; slot++) exchange[slot] = slot
    this.#renamed.set(situation, exchange)
    for (let n = 0; n < sorts.length; n++) {
      for (let slot = bases[n]; slot < bases[n] + sorts[n].size; slot++) {
        classes[slot] = slot
        for (let other = bases[n]; other < slot && classes[slot] === slot; other++) {
          if (classes[other] !== other) continue
          exchange[slot] = other
          exchange[other] = slot
          if (this.#renamed.equals(situation, exchange)) {
            classes[slot] = other
            visit(exchange)
          }
          exchange[slot] = slot
          exchange[other] = other
        }
      }
    }
  }

  #refuse({ subject, codes }: Situation, permutation: Permutation): never {
    const asked = {
      system: this.#system,
      group: this.#group,
      ask: (s: number, c: Uint16Array) => this.ask(s, c),
      image: (s: number, p: Permutation) => this.#subjects.image(s, p),
      describe: (s: number) => this.#subjects.describe(s),
    }
    throw (
      asymmetryOf(asked, subject, codes, permutation) ??
      new Error(
        `${this.#system}: ${this.#subjects.describe(subject)}: an asymmetry cannot be explained; this is a defect of the search`,
      )
    )
  }
}
