import type { About } from './program.ts'

/** A step as it was taken. */
export interface TakenStep {
  /** Kind of the thread. */
  readonly kind: string
  /** Path of the step. */
  readonly path: string
  readonly about: About<never>
  /** Path of the program counter at which the thread is after it. */
  readonly to: string
}

/** Something that takes time in the real system, and that designs are compared by: a flush of all TLBs. */
export interface Cost {
  /** In the plural, as tables show it: `flushes`. */
  readonly id: string
  readonly title: string
  /** Whether a step is one of these. */
  counts(taken: TakenStep): boolean
}
