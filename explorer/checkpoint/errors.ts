/** A checkpoint that cannot be written, or that is damaged, foreign or of another search: one line that says why. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError'
}
