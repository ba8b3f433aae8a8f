import { heading } from './diagram.ts'
import type { Replayed } from './replay.ts'
import { variablesOf } from './state-variables.ts'
import { WIDTH, wrap } from './text-layout.ts'

/**
 * Every state in full, one `name = value` per line as in a crash dump; `*` marks the fields that the preceding step
 * changed.
 */
export function stateList(replayed: Replayed): string {
  const { system, states, steps, counterexample } = replayed
  const variables = variablesOf(system).all
  const lines = [...heading(replayed)]
  states.forEach((state, index) => {
    const before = index === 0 ? null : states[index - 1]
    const step = index === 0 ? null : steps[index - 1]
    const how = step === null ? 'at the beginning' : `after ${step.thread.name} ${step.located.path}`
    const loop = counterexample.loopStart === index ? ', where the loop begins' : ''
    lines.push('', ...wrap(`State ${index}, ${how}${loop}:`, WIDTH, 2))
    for (const variable of variables) {
      const changed = before !== null && variable.fields.some((f) => before[f] !== state[f])
      const [first, ...rest] = wrap(`${variable.path} = ${variable.value(state)}`, WIDTH - 4, 4)
      lines.push(`${changed ? '  * ' : '    '}${first}`, ...rest.map((l) => `    ${l}`))
    }
  })
  if (replayed.fault !== null)
    lines.push('', ...wrap(`Oops in step ${steps.length}: ${replayed.fault.message}`, WIDTH, 2))
  return `${lines.join('\n')}\n`
}
