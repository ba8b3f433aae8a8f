/**
 * The model itself is wrong: a value outside its domain, an index out of bounds, an effect that throws, a machine
 * outside the supported subset, a patch that names an unknown step. Never a verdict about the system; the command
 * line prints it as one line and exits with status 2.
 */
export class ModelError extends Error {
  override readonly name = 'ModelError'
}

/** Model code reads a part of the state that the system does not have, as a thread of which there is none. */
export class AbsentMember extends ModelError {}

/** Whether an error, or what caused it, is that a part of the state is absent. */
export function isOfAnAbsentMember(error: unknown): boolean {
  return error instanceof AbsentMember || (error instanceof Error && isOfAnAbsentMember(error.cause))
}
