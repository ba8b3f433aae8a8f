/**
 * A log that cannot be read or used: another format, damage, lost events, an order that is unknown. One line for the
 * command line, which ends with status 2.
 */
export class LogError extends Error {
  override readonly name = 'LogError'
}
