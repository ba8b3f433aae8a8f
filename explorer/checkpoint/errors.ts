/** A checkpoint cannot be written, or is damaged, foreign or of another search. The message is one line. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError'
  /** Whether the only remedy is to search from the beginning. */
  readonly isLost: boolean

  constructor(message: string, { isLost = false } = {}) {
    super(message)
    this.isLost = isLost
  }
}

/** Reads a checkpoint into memory. @throws CheckpointError, also when there is not enough memory. */
export function withinMemory<T>(directory: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new CheckpointError(
      `the checkpoint in ${directory} does not fit into the memory of this machine: ${error.message}`,
    )
  }
}
