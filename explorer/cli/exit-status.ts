/** What the process says to scripts. Stable: CI and `git bisect` rely on these numbers. */
export const EXIT = {
  /** Everything asked for holds and every search was complete. */
  holds: 0,
  /** A property is violated that was not expected to be, asked for or not; the counterexample was printed. */
  violated: 1,
  /** The question was wrong and nothing was checked, or the model of a check is wrong. */
  usage: 2,
  /** A design marked as violating was not caught, or an expectation is not met in another way. */
  mismatch: 3,
  /** A limit was reached first, or there was nothing to judge. */
  inconclusive: 4,
  /** The checker failed. */
  internal: 70,
  hungUp: 129,
  interrupted: 130,
  /** The reader of the output went away, as SIGPIPE would say. */
  readerGone: 141,
  terminated: 143,
} as const

/** Highest first: when several apply, the first of them is the exit status. */
const PRECEDENCE: readonly number[] = [70, 1, 2, 3, 4, 0]

/** The exit status of a run in which all of these applied; 0 when there are none. */
export function worstOf(codes: Iterable<number>): number {
  const all = new Set(codes)
  return PRECEDENCE.find((code) => all.has(code)) ?? EXIT.holds
}
