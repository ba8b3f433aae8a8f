import type { Layout } from '../../model/language/layout.ts'
import { SIZES } from '../state/sizes.ts'
import type { Recorder } from './recorder.ts'

/** Values tried before a property is taken to depend on what it read. */
const MOST_VARIATIONS = SIZES.variations

/** Most findings that are kept for one property on one step. */
const MOST_FINDINGS = 32

/** Whether an action property was constant on a step, and what that is a function of. */
interface Finding {
  readonly isConstant: boolean
  /** The fields that the step had read, with their encoded values before and after it. */
  readonly known: readonly { readonly field: number; readonly before: number; readonly after: number }[]
  /** The fields that only the property read, in any of the variations. */
  readonly own: readonly number[]
  /** The fields that the step had written, all of them in `known`; null if the property did not ask for them. */
  readonly writes: readonly number[] | null
}

/**
 * Decides whether an action property has the same value on a step for all values of the fields that only it reads. It
 * often reads fields that the step does not touch, only to find them unchanged: the transition must not depend on those.
 *
 * Trying the values takes up to MOST_VARIATIONS evaluations, so findings are kept. All evaluations of one decision read
 * the fields `known`, which the step had read and which are not varied, and the fields `own`, of which every
 * combination that the property distinguishes is tried from any starting point. So the decision is a function of the
 * step, of the values of `known`, of what it wrote, and of no field of `own` having been read by the step; with these
 * equal it would be made the same again.
 */
export class ConstantProperties {
  readonly #recorder: Recorder
  readonly #layout: Layout
  readonly #properties: number
  /** Findings by step and property; the oldest is replaced. */
  readonly #findings: Finding[][] = []
  readonly #made: number[] = []

  /** @param properties their number. */
  constructor(recorder: Recorder, layout: Layout, properties: number) {
    this.#recorder = recorder
    this.#layout = layout
    this.#properties = properties
  }

  /**
   * Whether property number `property`, just evaluated to `value` on step number `step`, is constant. Restores the
   * recorder. Says no after MOST_VARIATIONS.
   * @param known how many of the recorded reads are not only the property's. `recorder.watch` was called after
   *   these.
   */
  isConstant(step: number, property: number, known: number, evaluate: () => number, value: number): boolean {
    const at = step * this.#properties + property
    this.#findings[at] ??= []
    const findings = this.#findings[at]
    for (const finding of findings) if (this.#applies(finding, known)) return finding.isConstant
    const isConstant = this.#vary(known, evaluate, value)
    const made = this.#made[at] ?? 0
    findings[made % MOST_FINDINGS] = this.#finding(known, isConstant)
    this.#made[at] = made + 1
    return isConstant
  }

  #applies(finding: Finding, known: number): boolean {
    const recorder = this.#recorder
    const { base, now } = recorder
    for (const { field, before, after } of finding.known) {
      if (base[field] !== before || now[field] !== after || !recorder.isAmongFirst(known, field)) return false
    }
    const { writes } = finding
    if (writes !== null) {
      if (writes.length !== recorder.writes.length) return false
      for (let n = 0; n < writes.length; n++) if (recorder.writes[n] !== writes[n]) return false
    }
    for (const field of finding.own) if (recorder.isAmongFirst(known, field)) return false
    return true
  }

  #finding(first: number, isConstant: boolean): Finding {
    const recorder = this.#recorder
    const known: Finding['known'][number][] = []
    const own: number[] = []
    const writes = recorder.asksForWrites ? [...recorder.writes] : null
    for (const field of writes ?? []) recorder.read(field)
    for (const field of recorder.watched) {
      if (recorder.isAmongFirst(first, field))
        known.push({ field, before: recorder.base[field], after: recorder.now[field] })
      else own.push(field)
    }
    return { isConstant, known, own, writes }
  }

  #vary(known: number, evaluate: () => number, expected: number): boolean {
    const recorder = this.#recorder
    const { fields } = this.#layout
    const reads = recorder.reads.slice(known)
    let left = MOST_VARIATIONS
    const put = (field: number, value: number): void => {
      recorder.base[field] = value
      recorder.now[field] = value
    }
    /** Tries every other value of the fields read after the first `fixed` ones, which stay as they are. */
    const vary = (fixed: number): boolean => {
      const path = recorder.reads.slice(known)
      for (let n = path.length - 1; n >= fixed; n--) {
        const field = path[n]
        const own = recorder.base[field]
        for (let value = 0; value < fields[field].shape.size; value++) {
          if (value === own) continue
          if (left-- === 0) return false
          put(field, value)
          recorder.forget(known)
          const same = valueOrNull(evaluate) === expected && vary(n + 1)
          put(field, own)
          if (!same) return false
        }
      }
      return true
    }
    const constant = vary(0)
    recorder.forget(known)
    for (const field of reads) recorder.read(field)
    return constant
  }
}

/** The value, or null when the code throws: it may not expect values that never occur together. */
function valueOrNull(evaluate: () => number): number | null {
  try {
    return evaluate()
  } catch {
    return null
  }
}
