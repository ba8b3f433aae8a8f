/**
 * The option --reduce. `symmetry` is strict: it fails where symmetry is not sound. `all` uses the reductions that
 * are sound for the system and the properties, and reports why it did not use the others.
 */
export const REDUCE = ['none', 'symmetry', 'por', 'all'] as const
export type Reduce = (typeof REDUCE)[number]
