import { Observer } from './observer.ts'
import type { Replayed } from './replay.ts'
import { type StateVariable, variablesOf } from './state-variables.ts'

/** A value that one step wrote and a step of another thread was the first to read: a request, an IPI, a lock, a flush. */
export interface Message {
  /** Index of the step that wrote. */
  readonly from: number
  /** Index of the step that read. */
  readonly to: number
  readonly variable: StateVariable
  readonly value: string
}

/** Every value that passes from thread to thread in a trace, in the order of the steps that read them. */
export function messagesIn({ system, states, steps }: Replayed): Message[] {
  const observer = new Observer(system)
  const variables = variablesOf(system)
  const counters = new Set(system.threads.map(({ counter }) => counter.index))
  const writer = new Map<number, number>()
  const known = new Set<string>()
  return steps.flatMap(({ index, thread, located, changes }) => {
    const { reads } = observer.step(states[index], located, thread.self)
    const found = [...reads].flatMap((field): Message[] => {
      const from = writer.get(field)
      if (from === undefined || counters.has(field) || steps[from].thread === thread) return []
      const variable = variables.of(field)
      const key = `${from} ${thread.name} ${variable.path}`
      if (known.has(key)) return []
      known.add(key)
      return [{ from, to: index, variable, value: variable.value(states[index]) }]
    })
    for (const { fields } of changes) for (const field of fields) writer.set(field, index)
    return found
  })
}
