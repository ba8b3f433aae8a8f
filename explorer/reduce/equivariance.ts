import { ModelError } from '../../model/language/errors.ts'
import type { Sort } from '../../model/language/shapes.ts'
import type { Permutation, SymmetryGroup } from './symmetry-group.ts'

/** One thing that model code says about a state. */
export interface Saying {
  /** The state afterwards; null when it says nothing about another state. */
  readonly after: Uint16Array | null
  /** Everything else that must not depend on names: disabled, a violated property, a truth value. */
  readonly said: string
}

/** What a subject says about one state, for comparison. The order of the sayings has no meaning. */
export interface Answer {
  /** Fields read, in order. */
  readonly reads: readonly number[]
  readonly sayings: readonly Saying[]
}

/** Model code of several subjects (families of steps, properties) that can be run on any state. */
export interface Subjects {
  /** Runs a subject on a state; the next call may reuse `reads`. */
  answer(subject: number, codes: Uint16Array): Answer
  /** What the subject becomes under a generator, by its number in `SymmetryGroup.generators`. */
  image(subject: number, generator: number): number
  /** For messages: `step RUN.8 of vcpu0`. */
  describe(subject: number): string
}

/** Ids that were claimed to be interchangeable and are not. */
export class AsymmetryError extends ModelError {
  readonly sort: Sort
  constructor(system: string, what: string, sort: Sort, ids: readonly number[], how: string) {
    super(
      `${system}: ${what} treats ids ${ids.join(' and ')} of sort ${sort.name} differently (${how}), so ${sort.name} is not symmetric; take it off \`symmetric\` or search with --reduce none`,
    )
    this.sort = sort
  }
}

interface Member {
  readonly subject: number
  readonly codes: Uint16Array
  readonly sayings: readonly Saying[]
  /** From the first member to this one. */
  readonly permutation: Permutation
  readonly key: string
}

/**
 * Proves, behaviour by behaviour, that model code does not depend on names: for every permutation p of the
 * group, the image of the subject under p does on p(state) the image of what the subject does on the state.
 *
 * A behaviour is valid for all states that agree on the fields it depends on. `widen` names these fields: with
 * them, the statement holds for each such state, not only for the one at hand. Mostly they are the fields
 * read; code that stops reading early (`every`, `find`) reads other fields under other names, and those are
 * added. All renamings of a behaviour are checked once; for the usual behaviour, which knows few ids, they are
 * far fewer than the permutations.
 */
export class Equivariance {
  readonly #system: string
  readonly #group: SymmetryGroup
  readonly #subjects: Subjects
  /** Renamings already checked: subject, fields and their values. */
  readonly #checked = new Set<string>()
  /** Model code run for the check so far. */
  runs = 0

  constructor(system: string, group: SymmetryGroup, subjects: Subjects) {
    this.#system = system
    this.#group = group
    this.#subjects = subjects
  }

  /**
   * Checks all renamings of what a subject said about a state.
   * @returns the fields on which the behaviour is to depend, those read first.
   * @throws AsymmetryError naming the subject and the sort.
   */
  widen(subject: number, codes: Uint16Array, { reads, sayings }: Answer): readonly number[] {
    const depends = [...reads]
    for (;;) {
      const key = this.#key(subject, codes, depends)
      if (this.#checked.has(key)) return depends
      const permutation = this.#group.identity()
      const missing = this.#explore({ subject, codes: codes.slice(), sayings, permutation, key }, depends)
      if (missing.length === 0) return depends
      depends.push(...missing)
    }
  }

  /**
   * Visits all renamings; returns fields (named as in the first member) that some renaming also reads.
   *
   * A renaming that leads to a member already seen is compared as well, once in either direction. It may even
   * lead from a member to itself, where it exchanges ids that the member does not tell apart: then what the
   * subject does must not tell them apart either.
   */
  #explore(first: Member, depends: readonly number[]): number[] {
    const group = this.#group
    const seen = new Set([first.key])
    const visited = new Set<string>()
    const members = [first]
    for (const member of members) {
      for (const [number, { permutation: generator }] of group.generators.entries()) {
        const subject = this.#subjects.image(member.subject, number)
        const permutation = group.compose(member.permutation, generator)
        const fields = depends.map((f) => group.imageOfField(f, permutation))
        const codes = new Uint16Array(member.codes.length)
        group.imageOfState(member.codes, generator, codes)
        const key = this.#key(subject, codes, fields)
        // From there the way back was compared; every generator is its own inverse.
        if (visited.has(key)) continue
        const answer = this.#compare(member, number, subject, codes)
        if (seen.has(key)) continue
        seen.add(key)
        const known = new Set(fields)
        const missing = answer.reads.filter((f) => !known.has(f))
        if (missing.length > 0) {
          const back = group.inverse(permutation)
          return missing.map((f) => group.imageOfField(f, back))
        }
        members.push({ subject, codes, sayings: answer.sayings, permutation, key })
      }
      visited.add(member.key)
    }
    for (const key of seen) this.#checked.add(key)
    return []
  }

  /** Runs the renamed subject on the renamed state and holds it to the renamed answer. */
  #compare(member: Member, generator: number, subject: number, codes: Uint16Array): Answer {
    const { sort, ids, permutation } = this.#group.generators[generator]
    const refuse = (how: string): never => {
      throw new AsymmetryError(this.#system, this.#subjects.describe(member.subject), sort, ids, how)
    }
    let answer: Answer
    this.runs++
    try {
      answer = this.#subjects.answer(subject, codes)
    } catch (error) {
      return refuse(`with the ids exchanged: ${error instanceof Error ? error.message : String(error)}`)
    }
    const expected = member.sayings.map(({ said, after }) => {
      if (after === null) return { said, after }
      const renamed = new Uint16Array(after.length)
      this.#group.imageOfState(after, permutation, renamed)
      return { said, after: renamed }
    })
    const found = answer.sayings.map(keyOf).sort()
    const same = expected.map(keyOf).sort()
    if (found.length === same.length && found.every((key, n) => key === same[n])) return answer
    if (expected.length > 1) return refuse('with the ids exchanged it can lead elsewhere')
    return refuse(this.#difference(expected[0], answer.sayings[0]))
  }

  #difference(expected: Saying, found: Saying): string {
    if (expected.said !== found.said)
      return `it ${expected.said}, and with the ids exchanged it ${found.said}`
    const after = expected.after as Uint16Array
    const instead = found.after as Uint16Array
    const field = after.findIndex((code, f) => code !== instead[f])
    const { path, shape } = this.#group.placements[field].field
    const show = (codes: Uint16Array): string => String(shape.decode(codes[field]))
    return `with the ids exchanged it leaves ${path} = ${show(instead)}, not ${show(after)}`
  }

  #key(subject: number, codes: Uint16Array, fields: readonly number[]): string {
    const masked = new Uint16Array(codes.length).fill(0xffff)
    for (const f of fields) masked[f] = codes[f]
    return `${subject}:${String.fromCharCode(...masked)}`
  }
}

function keyOf({ said, after }: Saying): string {
  return after === null ? said : `${said}:${String.fromCharCode(...after)}`
}
