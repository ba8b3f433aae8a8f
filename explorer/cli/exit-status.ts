/** Exit statuses. Stable: CI and `git bisect` rely on these numbers. */
export const EXIT = {
  /** Everything requested holds, and every search was complete. */
  holds: 0,
  /** An unexpected violation, of a requested property or not; the counterexample was printed. */
  violated: 1,
  /** Wrong usage, and nothing was checked; or the model of a check is wrong. */
  usage: 2,
  /** A design that is known to violate a property was not caught, or another expectation is not met. */
  mismatch: 3,
  /** A limit was reached, or there was nothing to judge. */
  inconclusive: 4,
  /** The checker itself failed. */
  internal: 70,
  hungUp: 129,
  interrupted: 130,
  /** The reader of the output closed it, as after SIGPIPE. */
  readerGone: 141,
  terminated: 143,
} as const

/** When several apply, the first of these is the exit status. */
const PRECEDENCE: readonly number[] = [70, 1, 2, 3, 4, 0]

/** The exit status of a run in which all of these apply; 0 when there are none. */
export function worstOf(codes: Iterable<number>): number {
  const all = new Set(codes)
  return PRECEDENCE.find((code) => all.has(code)) ?? EXIT.holds
}

/**
 * The status that `git bisect run` understands: good, bad, skip (125) for what is not decided, and abort (128) for what is
 * wrong with the command itself, which it would take for bad otherwise. An interrupt aborts as it is.
 */
export function bisectStatus(status: number): number {
  if (status === EXIT.holds) return 0
  if (status === EXIT.violated || status === EXIT.mismatch) return 1
  if (status === EXIT.inconclusive) return 125
  return Math.max(status, 128)
}
