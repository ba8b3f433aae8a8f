import type { Replayed } from './replay.ts'
import type { StateVariable } from './state-variables.ts'

/** Who wrote a variable last before a state, in words: `since step 3, zapper0`; empty for its value at the beginning. */
export function lastWrite(
  { steps }: Pick<Replayed, 'steps'>,
  variable: Pick<StateVariable, 'fields'>,
  state: number,
): string {
  const step = steps.findLast(
    ({ index, changes }) =>
      index < state && changes.some(({ fields }) => fields.some((f) => variable.fields.includes(f))),
  )
  return step === undefined ? '' : `since step ${step.index + 1}, ${step.thread.name}`
}
