/**
 * The model itself is wrong: a value outside its domain, an index that does not exist, an effect that
 * throws, a machine outside the supported subset, a patch naming an unknown step. Never a verdict about
 * the system; the command line turns it into one line and exit status 2.
 */
export class ModelError extends Error {
  override readonly name = 'ModelError'
}
