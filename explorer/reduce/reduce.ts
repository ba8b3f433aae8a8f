/**
 * What to leave out of a search. `symmetry` insists, and ends in an error where it is not sound. `all` takes
 * what is sound for the system and the properties, and says why it did not take the rest.
 */
export const REDUCE = ['none', 'symmetry', 'por', 'all'] as const
export type Reduce = (typeof REDUCE)[number]
