/** Compiles systems to steps on packed states. Only the engine uses the folder, and what compares it with xstate. */
export { checkAgainstReference } from './check-against-reference.ts'
export type { Recording } from './compiled-system.ts'
