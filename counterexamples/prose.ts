import { match } from 'ts-pattern'
import { isLiveness } from '../model/language/property.ts'
import type { Causes, Race } from './causes.ts'
import { itemsOf } from './items.ts'
import type { Replayed } from './replay.ts'
import { stepText } from './rows.ts'
import { listed, paragraph, sentence } from './text.ts'
import { stuckThreads } from './violation.ts'

/** The sentences below a diagram: how it came to the failure, by letters, and what that breaks. */
export function closing(replayed: Replayed, causes: Causes): string[] {
  const how = [
    ...causes.races.map((race) => raceSentence(replayed, causes, race)),
    ...changeSentences(replayed, causes),
  ]
  const what = [...how, ...endSentences(replayed, causes)].join(' ')
  const { consequence } = replayed.property
  return paragraph(consequence === undefined ? what : `${what} ${sentence(consequence)}`)
}

/** `(C)`, or the number of the step when it has no letter. */
const cite = (causes: Causes, step: number): string => {
  const label = causes.labels.get(step)
  return label === undefined ? `step ${step + 1}` : `(${label})`
}

function raceSentence(replayed: Replayed, causes: Causes, { field, read, write }: Race): string {
  const { system, states, steps } = replayed
  const item = itemsOf(system).of(field)
  const after = states[write + 1] ?? states[write]
  return (
    `${steps[read].thread.name} reads ${item.path} = ${item.value(states[read])} at ${cite(causes, read)} and does ` +
    `not look again after ${steps[write].thread.name} changes it to ${item.value(after)} at ${cite(causes, write)}.`
  )
}

/** Since when the other deciding values are there; what the last step changed goes without saying. */
function changeSentences({ system, states, steps }: Replayed, causes: Causes): string[] {
  const told = new Set(causes.races.flatMap(({ read, write }) => [read, write]))
  const items = itemsOf(system)
  const since = [...causes.labels].flatMap(([step, label]): string[] => {
    if (told.has(step) || step === steps.length - 1) return []
    const changed = new Set([...causes.decisive].filter(([, at]) => at === step).map(([f]) => items.of(f)))
    return [...changed].map((item) => `${item.path} is ${item.value(states[step + 1])} since (${label})`)
  })
  return since.length === 0 ? [] : [`${listed(since)}.`]
}

function endSentences(replayed: Replayed, causes: Causes): string[] {
  const { property, steps, fault } = replayed
  const at = steps.length === 0 ? 'The initial state' : cite(causes, steps.length - 1)
  const title = sentence(property.title)
  const breaks = `breaks ${property.id}: ${title}`
  if (isLiveness(property)) {
    const standing = replayed.counterexample.loopStart === steps.length
    return [`${standing ? 'Staying there for ever' : `Repeating the steps up to ${at} for ever`} ${breaks}`]
  }
  return match(property)
    .with({ kind: 'witness' }, () => [`${at} reaches ${property.id}: ${title}`])
    .with({ kind: 'fault' }, () => [
      `${at} faults: ${sentence(fault?.message ?? property.id)}`,
      `This ${breaks}`,
    ])
    .with({ kind: 'deadlock' }, () => [...stuckSentences(replayed), `This ${breaks}`])
    .with({ kind: 'progress' }, () => [`After ${at} the goal is out of reach, which ${breaks}`])
    .otherwise(() => [`${at} ${breaks}`])
}

/** Who waits where, in a deadlock. */
function stuckSentences(replayed: Replayed): string[] {
  const { system, states } = replayed
  const last = states[states.length - 1]
  const waits = stuckThreads(system, last).map((index) => {
    const thread = system.threads[index]
    const at = thread.flow.counters[last[thread.counter.index]]
    const texts = thread.flow.steps
      .filter((located) => located.at === at)
      .map((located) => stepText(replayed, { index: states.length - 1, thread, located, changes: [] }))
    return `${thread.name} waits before ${listed([...new Set(texts)])}`
  })
  return waits.length === 0 ? [] : [`${listed(waits)}.`]
}
