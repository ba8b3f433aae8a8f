import { predictedCollision } from '../state/collisions.ts'

/** Upper bound on the probability that a state was omitted. */
export const omissionProbability = (states: number, bits: number): number => predictedCollision(states, bits)

/** Largest omission probability for which the shorter fingerprints are taken. */
const MOST_RISK = 1e-9

/** Bits of the fingerprints for a search that is expected to find this many states. */
export function bitsFor(states: number): 96 | 128 {
  return predictedCollision(states, 96) <= MOST_RISK ? 96 : 128
}
