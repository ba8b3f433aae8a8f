import { rulesOf } from './abridge.ts'
import { headingOf } from './call-stack.ts'
import type { Rule } from './canvas.ts'
import { heading, reproduce } from './diagram.ts'
import { lastWrite } from './last-write.ts'
import { nested } from './nested.ts'
import { type Replayed, withWayOn } from './replay.ts'
import { stepText } from './rows.ts'
import { WIDTH, wrap } from './text-layout.ts'

/**
 * A numbered list: thread, step, kernel function, what each step changed, as `vcpu[0].root: 1 -> 0`, by object and with
 * the step that wrote the old value, and what the design has dropped after it.
 */
export function stepList(replayed: Replayed): string {
  const { property, steps, fault } = withWayOn(replayed)
  const rules = rulesOf(replayed)
  const digits = String(steps.length).length
  const names = Math.max(0, ...steps.map((s) => s.thread.name.length))
  const lines = [...heading(replayed), '']
  for (const step of steps) {
    lines.push(...rulesBefore(rules, step.index))
    const fn = headingOf(step.located.step.about)
    const where = fn === null ? '' : ` in ${fn.replace(/:$/, '')}`
    const number = `${String(step.index + 1).padStart(digits)}. ${step.thread.name.padEnd(names)}  `
    const below = ' '.repeat(number.length)
    const room = WIDTH - below.length
    const [first, ...rest] = wrap(`${step.located.path}${where}`, room, 4)
    lines.push(number + first, ...rest.map((l) => below + l))
    const text = stepText(replayed, step)
    if (text !== step.located.step.name) lines.push(...wrap(text, room, 4).map((l) => below + l))
    const changes = step.changes.map(({ path, before, after, fields }) => {
      const written = lastWrite({ steps }, { fields }, step.index)
      return { path, text: `: ${before} -> ${after}${written === '' ? '' : ` (${before} ${written})`}` }
    })
    for (const line of nested(changes)) {
      const indent = 2 + line.search(/\S/)
      lines.push(...wrap(line, room - indent, 4).map((l) => below + ' '.repeat(indent) + l))
    }
    for (const { path, step: missing } of step.dropped) {
      const called = headingOf(missing.about)?.replace(/:$/, '')
      const text = `[dropped: ${path}${called === undefined ? '' : ` in ${called}`}]`
      lines.push(...wrap(text, room, 4).map((l) => below + l))
    }
  }
  lines.push(...rulesBefore(rules, steps.length))
  const end = property.kind === 'witness' ? property.id : `BUG: ${property.id}`
  const why = fault === null ? '' : ` (${fault.message})`
  lines.push(...wrap(`<--- ${end}${why}`, WIDTH, 5), '', ...reproduce(replayed))
  return `${lines.join('\n')}\n`
}

const rulesBefore = (rules: readonly Rule[], step: number): string[] =>
  rules.filter(({ before }) => before === step).map(({ text }) => `--- ${text}`)
