import { ModelError } from '../../model/language/errors.ts'

/**
 * Runs model code with Math.random() and Date disabled. Comparing a second run would not do: both often give the
 * same result twice.
 * @throws what `run` throws; ModelError when it calls Math.random() or uses Date.
 */
export function withoutNondeterminism<T>(run: () => T): T {
  const { random } = Math
  const { Date: clock } = globalThis
  Math.random = refused
  globalThis.Date = NO_CLOCK
  try {
    return run()
  } finally {
    Math.random = random
    globalThis.Date = clock
  }
}

const refused = (): never => {
  throw new ModelError('calls Math.random(); several possible outcomes are several steps of a choice')
}

const noClock = (): never => {
  throw new ModelError('looks at the clock (Date); time is no part of the state')
}

const NO_CLOCK = new Proxy(Date, { get: noClock, apply: noClock, construct: noClock })
