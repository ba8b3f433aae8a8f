import { causesOf } from './causes.ts'
import { lanesOf } from './lanes.ts'
import { type Message, messagesIn } from './messages.ts'
import type { Replayed } from './replay.ts'
import { stepLines } from './rows.ts'

/** Most values that one arrow between lanes names. */
const MOST_VALUES = 2

/**
 * The trace as a Mermaid sequence diagram: one participant per lane, one message per step. A dashed arrow between lanes
 * says which value of another lane's step a step reads: a request, an IPI, a lock. A write that makes a read of another
 * lane stale points at that lane.
 */
export function mermaidText(replayed: Replayed): string {
  const { steps, property, counterexample } = replayed
  const lanes = lanesOf(replayed)
  const causes = causesOf(replayed)
  const { labels, races } = causes
  const messages = messagesIn(replayed)
  const lines = ['sequenceDiagram']
  lanes.all.forEach(({ cpu, role }, i) => {
    lines.push(`  participant L${i} as ${safe(`${cpu} (${role})`)}`)
  })
  for (const step of steps) {
    if (counterexample.loopStart === step.index) lines.push('  loop repeats forever')
    const from = lanes.of[step.index]
    for (const [writer, values] of readBy(step.index, messages)) {
      if (lanes.of[writer] === from) continue
      const more = values.length > MOST_VALUES ? `, and ${values.length - MOST_VALUES} more` : ''
      lines.push(
        `  L${lanes.of[writer]}-->>L${from}: ${safe(values.slice(0, MOST_VALUES).join(', ') + more)}`,
      )
    }
    const race = races.find(({ write }) => write === step.index)
    const to = race === undefined ? from : lanes.of[race.read]
    const label = labels.get(step.index)
    const tag = label === undefined ? '' : ` (${label})`
    lines.push(
      `  L${from}${race === undefined ? '->>' : '--x'}L${to}: ${safe(stepLines(replayed, step, causes)[0])}${tag}`,
    )
  }
  if (counterexample.loopStart !== null && counterexample.loopStart < steps.length) lines.push('  end')
  const last = lanes.of.at(-1)
  const end = property.kind === 'witness' ? property.id : `BUG: ${property.id}`
  if (last !== undefined) lines.push(`  Note over L${last}: ${safe(end)}`)
  return `${lines.join('\n')}\n`
}

/** The values that a step reads first, by the step that wrote them. */
function readBy(step: number, messages: readonly Message[]): Map<number, string[]> {
  const values = new Map<number, string[]>()
  for (const { from, to, variable, value } of messages)
    if (to === step) values.set(from, [...(values.get(from) ?? []), `${variable.path} = ${value}`])
  return values
}

/** Characters that end a statement or begin an entity in Mermaid's grammar are written as entities. */
const safe = (text: string): string =>
  text.replace(/\s+/g, ' ').replace(/[#;<>&]/g, (c) => `#${c.charCodeAt(0)};`)
