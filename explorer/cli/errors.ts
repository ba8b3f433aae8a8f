/**
 * The user asked for something that does not exist or makes no sense: an unknown name, a bad option, a file
 * that cannot be read. Becomes one line on standard error and exit status 2; nothing was checked.
 */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * The checker contradicts itself: a replay that differs, a lost search thread. Exit status 70; no verdict of
 * the run can be trusted.
 */
export class InternalError extends Error {
  override readonly name = 'InternalError'
}
