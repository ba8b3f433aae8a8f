/**
 * A log that cannot be read or used: another format, damage, lost events, an order that is unknown. One line for the
 * command line, which ends with status 2.
 */
export class LogError extends Error {
  override readonly name = 'LogError'
}

/**
 * The log and the state that was reconstructed from the events before disagree: the kernel, the probes or the replay
 * does something else than the others believe. Never corrected, because nothing after it could be trusted.
 */
export class Disagreement extends Error {
  override readonly name = 'Disagreement'
  readonly line: number
  /** @param what the value in the log and the replayed one, in words. */
  constructor({ line, name }: { readonly line: number; readonly name: string }, what: string) {
    super(`${name}: ${what}`)
    this.line = line
  }
}
