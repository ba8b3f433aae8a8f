import { ModelError } from './errors.ts'

// Requirements on the functions of a model: guards, effects and the functions of properties. The types express them,
// too, but a design or a property may be written without a type checker.

/** Functions that return before their work is done, by the tag of their prototype. */
const DEFERRED: Readonly<Record<string, string>> = {
  '[object AsyncFunction]': 'an async function',
  '[object GeneratorFunction]': 'a generator',
  '[object AsyncGeneratorFunction]': 'an async generator',
}

/**
 * Rejects functions that cannot run as one atomic step.
 * @param what names the function in the message: `its guard`.
 * @throws ModelError for anything but a plain function.
 */
export function checkCode(code: unknown, what: string): void {
  if (typeof code !== 'function') throw new ModelError(`${what} is not a function`)
  const deferred = DEFERRED[Object.prototype.toString.call(code)]
  if (deferred !== undefined)
    throw new ModelError(`${what} is ${deferred}; model code must be a plain, synchronous function`)
}

/**
 * The result of a guard or of a property's function. A missing `return` is an error, not "false".
 * @throws ModelError for anything but true or false.
 */
export function truthOf(result: unknown): boolean {
  if (result === true || result === false) return result
  throw new ModelError(`returns ${nameOf(result)}, not true or false`)
}

/** @throws ModelError when an effect returns a promise: what it does later is not part of the step. */
export function checkEffect(result: unknown): void {
  if (result instanceof Promise)
    throw new ModelError('returns a promise; model code must be a plain, synchronous function')
}

function nameOf(result: unknown): string {
  if (result instanceof Promise) return 'a promise'
  if (typeof result === 'string') return JSON.stringify(result.slice(0, 40))
  return typeof result === 'object' && result !== null ? 'an object' : String(result)
}
