/**
 * The model itself is wrong: a value outside its domain, an index out of bounds, an effect that throws, a machine
 * outside the supported subset, a patch that names an unknown step. Never a verdict about the system; the command
 * line prints it as one line and exits with status 2.
 */
export class ModelError extends Error {
  override readonly name = 'ModelError'
}
