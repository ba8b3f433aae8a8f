/**
 * True in `npm run test:long`, which the gate of main runs: the same tests as `npm test`, on more random systems and
 * larger cells.
 */
const LONG = process.env.MMUCHECK_TESTS === 'long'

/** How much a test does of what is worth repeating: runs of a law, states of the largest cell that is searched. */
export const effort = (usual: number, long: number): number => (LONG ? long : usual)
