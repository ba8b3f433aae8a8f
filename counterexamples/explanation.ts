import { match } from 'ts-pattern'
import { isLiveness } from '../model/language/property.ts'
import { blockedThreads } from './blocked-threads.ts'
import { afterStep, type Causes } from './causes.ts'
import { type Replayed, withWayOn } from './replay.ts'
import type { Reread } from './rereads.ts'
import { droppedText, stepText } from './rows.ts'
import type { Race } from './simulation.ts'
import { type StateVariable, variablesOf } from './state-variables.ts'
import { listed, paragraph, sentence } from './text-layout.ts'

/** The sentences below a diagram: how the failure came about, by letters, and which property it violates. */
export function closing(replayed: Replayed, causes: Causes): string[] {
  const how = [
    ...designSentences(replayed, causes),
    ...causes.races.map((race) => raceSentence(replayed, causes, race)),
    ...(causes.reread === null ? [] : [rereadSentence(replayed, causes, causes.reread)]),
    ...changeSentences(replayed, causes),
    ...positionSentences(replayed, causes),
  ]
  const what = [...how, ...endSentences(replayed, causes)].join(' ')
  const { consequence } = replayed.property
  // What follows where the goal is never reached; an oops ends more than that.
  const isLeft = consequence === undefined || (replayed.wayOn?.fault ?? null) !== null
  return paragraph(isLeft ? what : `${what} ${sentence(consequence)}`)
}

/** `(C)`, or the text of the step when it has no letter: rows side by side have no numbers. */
const cite = (replayed: Replayed, causes: Causes, step: number): string => {
  const label = causes.labels.get(step)
  return label === undefined ? `"${stepText(replayed, replayed.steps[step])}"` : `(${label})`
}

function raceSentence(replayed: Replayed, causes: Causes, { field, read, write }: Race): string {
  const { system, states, steps } = replayed
  const variable = variablesOf(system).of(field)
  const after = states[write + 1] ?? states[write]
  return (
    `${steps[read].thread.name} reads ${variable.path} = ${variable.value(states[read])} at ${cite(replayed, causes, read)} and does ` +
    `not read it again after ${steps[write].thread.name} changes it to ${variable.value(after)} at ${cite(replayed, causes, write)}.`
  )
}

function rereadSentence(replayed: Replayed, causes: Causes, { field, first, write, again }: Reread): string {
  const { system, states, steps } = replayed
  const variable = variablesOf(system).of(field)
  const at = (step: number): string => cite(replayed, causes, step)
  return (
    `${steps[first].thread.name} reads ${variable.path} = ${variable.value(states[first])} at ${at(first)}, and ` +
    `${variable.value(states[again])} at ${at(again)}, after ${steps[write].thread.name} has changed it at ${at(write)}.`
  )
}

/**
 * Where the other decisive values were written, and the values of other threads that they replaced; the last step's
 * writes need no mention.
 */
function changeSentences({ system, states, steps }: Replayed, causes: Causes): string[] {
  const { labels, decisive, undone, races } = causes
  const explained = new Set(races.flatMap(({ read, write }) => [read, write]))
  const variables = variablesOf(system)
  const before = (variable: StateVariable): string => {
    const write = variable.fields.flatMap((f) => undone.get(f) ?? []).at(0)
    const label = write === undefined ? undefined : labels.get(write)
    return label === undefined ? '' : `${variable.value(states[(write as number) + 1])} since (${label}) and `
  }
  const since = [...labels].flatMap(([step, label]): string[] => {
    if (explained.has(step) || step === steps.length - 1) return []
    const changed = new Set([...decisive].filter(([, at]) => at === step).map(([f]) => variables.of(f)))
    const values = [...changed].map((each) => `${each.path} = ${before(each)}${each.value(states[step + 1])}`)
    return values.length === 0 ? [] : [`${listed(values)} since (${label})`]
  })
  return since.length === 0 ? [] : [`${since.join('; ')}.`]
}

/** Which rows are not upstream's, and what they do or would have done. */
function designSentences(replayed: Replayed, causes: Causes): string[] {
  const { steps } = replayed
  const changed = causes.changedByDesign.map((step): [string, string] => [
    cite(replayed, causes, step),
    stepText(replayed, steps[step]),
  ])
  const dropped = causes.dropped.flatMap(({ after, located }): [string, string][] => {
    const label = causes.labels.get(afterStep(after))
    const step = { index: after + 1, thread: steps[after].thread, located }
    return label === undefined ? [] : [[`(${label})`, droppedText(replayed, step)]]
  })
  return [...sentenceOn(changed, 'changed'), ...sentenceOn(dropped, 'dropped')]
}

function sentenceOn(rows: readonly (readonly [place: string, text: string])[], what: string): string[] {
  const last = rows.at(-1)
  if (last === undefined) return []
  const places = listed(rows.map(([place]) => place))
  // Rows that say different things are not all meant by what one of them says.
  const areAlike = rows.every(([, text]) => text.replace(/\d+/g, '') === last[1].replace(/\d+/g, ''))
  const one = rows.every(([, text]) => text === last[1]) ? '' : 'such as '
  const quote = areAlike && last[0].startsWith('(') ? `, ${one}"${last[1]}",` : ''
  return [`${places}${quote} ${rows.length === 1 ? 'is' : 'are'} ${what} by this design.`]
}

/** Threads whose program counters the property depends on, unless their last step is explained already. */
function positionSentences(replayed: Replayed, causes: Causes): string[] {
  const { steps } = replayed
  const explained = new Set([
    ...causes.races.flatMap(({ read, write }) => [read, write]),
    ...causes.decisive.values(),
  ])
  const unexplained = causes.positions.filter((step) => !explained.has(step))
  const past = unexplained.map((step) => `${steps[step].thread.name} is past ${cite(replayed, causes, step)}`)
  return past.length === 0 ? [] : [`${listed(past)}.`]
}

function endSentences(replayed: Replayed, causes: Causes): string[] {
  const { property, steps, fault } = replayed
  const at = steps.length === 0 ? 'The initial state' : cite(replayed, causes, steps.length - 1)
  const title = sentence(property.title)
  const violates = `violates ${property.id}: ${title}`
  if (isLiveness(property)) {
    const standing = replayed.counterexample.loopStart === steps.length
    return [`${standing ? 'Staying there forever' : `Repeating the steps up to ${at} forever`} ${violates}`]
  }
  return match(property)
    .with({ kind: 'witness' }, () => [`${at} reaches ${property.id}: ${title}`])
    .with({ kind: 'fault' }, () => [
      `Oops at ${at}: ${sentence(fault?.message ?? property.id)}`,
      `This ${violates}`,
    ])
    .with({ kind: 'deadlock' }, () => [...blockedSentences(replayed), `This ${violates}`])
    .with({ kind: 'progress' }, () => [
      `After ${at} the goal can no longer be reached, which ${violates}`,
      ...wayOnSentences(replayed),
    ])
    .otherwise(() => [`${at} ${violates}`])
}

/** Most values of a guard that a sentence names. */
const MOST_VALUES = 3

/** Where each thread that is not at a valid end is blocked, and by which values. */
function blockedSentences(whole: Replayed): string[] {
  const { system, states } = whole
  const last = states[states.length - 1]
  const waits = blockedThreads(whole).map(({ thread, steps, reads }) => {
    const texts = steps.map((located) => stepText(whole, { index: states.length - 1, thread, located }))
    const values = [...new Set(reads.map((field) => variablesOf(system).of(field)))]
      .slice(0, MOST_VALUES)
      .map((variable) => `${variable.path} = ${variable.value(last)}`)
    const why = values.length === 0 ? '' : ` (${values.join(', ')})`
    return `${thread.name} is blocked at ${listed([...new Set(texts)])}${why}`
  })
  return waits.length === 0 ? [] : [`${listed(waits)}.`]
}

/** How the behaviour continues once the goal is out of reach. */
function wayOnSentences(replayed: Replayed): string[] {
  const { wayOn } = replayed
  if (wayOn === null) return []
  if (wayOn.fault !== null) {
    const { property, message } = wayOn.fault
    return [`Every way on ends in an oops (here ${property}): ${sentence(message)}`]
  }
  const loop = wayOn.steps.filter(({ index }) => wayOn.loopStart !== null && index >= wayOn.loopStart)
  const names = [...new Set(loop.map(({ thread }) => thread.name))]
  const repeats = `${listed(names)} ${names.length === 1 ? 'repeats' : 'repeat'} the last steps forever.`
  return [...(names.length === 0 ? [] : [repeats]), ...blockedSentences(withWayOn(replayed))]
}
