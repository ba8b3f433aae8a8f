import { heading } from './diagram.ts'
import { lastWrite } from './last-write.ts'
import { type Entry, nested } from './nested.ts'
import { type Replayed, withWayOn } from './replay.ts'
import { variablesOf } from './state-variables.ts'
import { WIDTH, wrap } from './text-layout.ts'

/**
 * The first state, and of each later one what differs from the one before it: as in a crash dump, grouped by object,
 * with the step that wrote the old value last.
 */
export function stateList(replayed: Replayed): string {
  const { system, counterexample } = replayed
  const { states, steps, fault } = withWayOn(replayed)
  const variables = variablesOf(system).all
  const lines = [...heading(replayed)]
  const add = (entries: readonly Entry[]): void => {
    for (const line of nested(entries)) {
      const indent = 2 + line.search(/\S/)
      lines.push(...wrap(line, WIDTH - indent, 4).map((l) => ' '.repeat(indent) + l))
    }
  }
  states.forEach((state, index) => {
    const step = index === 0 ? null : steps[index - 1]
    const how = step === null ? 'at the beginning' : `after ${step.thread.name} ${step.located.path}`
    const loop = counterexample.loopStart === index ? ', where the loop begins' : ''
    lines.push('', ...wrap(`State ${index}, ${how}${loop}:`, WIDTH, 2))
    if (index === 0) {
      add(variables.map((variable) => ({ path: variable.path, text: ` = ${variable.value(state)}` })))
      return
    }
    const before = states[index - 1]
    const changed = variables.filter(({ fields }) => fields.some((f) => before[f] !== state[f]))
    add(
      changed.map((variable) => {
        const written = variable.counter ? '' : lastWrite({ steps }, variable, index - 1)
        const was = `${variable.value(before)} -> ${variable.value(state)}`
        return {
          path: variable.path,
          text: `: ${was}${written === '' ? '' : ` (${variable.value(before)} ${written})`}`,
        }
      }),
    )
    if (changed.length === 0) lines.push('  nothing changed')
  })
  if (fault !== null) lines.push('', ...wrap(`Oops in step ${steps.length}: ${fault.message}`, WIDTH, 2))
  return `${lines.join('\n')}\n`
}
