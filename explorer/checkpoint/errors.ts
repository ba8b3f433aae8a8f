/** A checkpoint that cannot be written, or that is damaged, foreign or of another search: one line that says why. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError'
  /** True where all that is left is to search from the beginning. */
  readonly isLost: boolean

  constructor(message: string, { isLost = false } = {}) {
    super(message)
    this.isLost = isLost
  }
}

/** Reads a checkpoint into memory. @throws CheckpointError also when there is not enough of it. */
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
