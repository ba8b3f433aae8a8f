import { heading } from './diagram.ts'
import { itemsOf } from './items.ts'
import type { Replayed } from './replay.ts'
import { WIDTH, wrap } from './text.ts'

/**
 * Every state in full, `name = value` line by line as in a dump of a kernel structure; `*` marks what the
 * step before changed.
 */
export function stateList(replayed: Replayed): string {
  const { system, states, steps, counterexample } = replayed
  const items = itemsOf(system).all
  const lines = [...heading(replayed)]
  states.forEach((codes, index) => {
    const before = index === 0 ? null : states[index - 1]
    const step = index === 0 ? null : steps[index - 1]
    const how = step === null ? 'at the beginning' : `after ${step.thread.name} ${step.located.path}`
    const loop = counterexample.loopStart === index ? ', where the loop begins' : ''
    lines.push('', ...wrap(`State ${index}, ${how}${loop}:`, WIDTH, 2))
    for (const item of items) {
      const changed = before !== null && item.fields.some((f) => before[f] !== codes[f])
      const [first, ...rest] = wrap(`${item.path} = ${item.value(codes)}`, WIDTH - 4, 4)
      lines.push(`${changed ? '  * ' : '    '}${first}`, ...rest.map((l) => `    ${l}`))
    }
  })
  if (replayed.fault !== null)
    lines.push('', ...wrap(`Step ${steps.length} faults: ${replayed.fault.message}`, WIDTH, 2))
  return `${lines.join('\n')}\n`
}
