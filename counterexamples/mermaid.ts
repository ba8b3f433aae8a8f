import { causesOf } from './causes.ts'
import { lanesOf } from './lanes.ts'
import type { Replayed } from './replay.ts'
import { stepLines } from './rows.ts'

/**
 * The trace as a Mermaid sequence diagram: one participant per lane, one message per step. A write that makes a read
 * of another lane stale points at that lane.
 */
export function mermaidText(replayed: Replayed): string {
  const { steps, property, counterexample } = replayed
  const lanes = lanesOf(replayed)
  const causes = causesOf(replayed)
  const { labels, races } = causes
  const lines = ['sequenceDiagram']
  lanes.all.forEach(({ cpu, role }, i) => {
    lines.push(`  participant L${i} as ${safe(`${cpu} (${role})`)}`)
  })
  for (const step of steps) {
    if (counterexample.loopStart === step.index) lines.push('  loop repeats forever')
    const from = lanes.of[step.index]
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

/** Characters that end a statement or begin an entity in Mermaid's grammar are written as entities. */
const safe = (text: string): string =>
  text.replace(/\s+/g, ' ').replace(/[#;<>&]/g, (c) => `#${c.charCodeAt(0)};`)
