import { quotedPath } from '../model/language/quoted.ts'
import { abridged } from './abridge.ts'
import type { Mark } from './canvas.ts'
import { type Causes, causesOf } from './causes.ts'
import { contextSwitches } from './context-switches.ts'
import type { Counterexample } from './counterexample-file.ts'
import { closing } from './explanation.ts'
import type { Replayed } from './replay.ts'
import { type StateVariable, variablesOf } from './state-variables.ts'
import { plural, table, WIDTH, wrap } from './text-layout.ts'

/** Most entries of the tables of fields, and most when padded with fields that only communicate between threads. */
const MOST_FIELDS = 12
const ENOUGH_FIELDS = 4

/** The default form of a counterexample: heading, race diagram, and the fields that changed. */
export function diagram(replayed: Replayed): string {
  const causes = causesOf(replayed)
  const lines = [
    ...heading(replayed, causes),
    '',
    ...raceDiagram(replayed, causes),
    '',
    ...changedTable(replayed, causes),
    ...reproduce(replayed),
  ]
  return `${lines.join('\n')}\n`
}

/** Property, scenario, design, and length of the trace. */
export function heading(replayed: Replayed, causes: Causes = causesOf(replayed)): string[] {
  const { property, scenario, design, counterexample, steps } = replayed
  const { shown } = abridged(replayed, causes, markOf(replayed))
  const switches = contextSwitches(counterexample.steps)
  const length = `${counterexample.id}, ${plural(steps.length, 'step')}${shown < steps.length ? ` (${shown} shown)` : ''}, ${plural(switches, 'context switch')}`
  const rows: readonly (readonly [string, string])[] = [
    [property.kind === 'witness' ? 'REACHED' : 'VIOLATED', property.id],
    ['scenario', `${scenario.id}: ${scenario.title}`],
    ['design', `${design.id}: ${design.title}`],
    ...kernelOf(counterexample),
    ['trace', length],
  ]
  return rows.flatMap(([key, value]) => {
    const [first, ...rest] = wrap(value, WIDTH - 10, 0)
    return [`${key.padEnd(10)}${first}`, ...rest.map((line) => ' '.repeat(10) + line)]
  })
}

/** The row that names an older kernel. */
const kernelOf = ({ kernel }: Counterexample): readonly (readonly [string, string])[] =>
  kernel === undefined ? [] : [['kernel', `Linux ${kernel}`]]

/** The diagram for a commit message: initial values, lanes, and the explanation below. */
export function raceDiagram(replayed: Replayed, causes: Causes = causesOf(replayed)): string[] {
  const { from, lines } = abridged(replayed, causes, markOf(replayed))
  const before = beginning(replayed, causes, from)
  const canvas = replayed.steps.length === 0 ? [`  <--- ${markOf(replayed).text}`] : lines
  return [...before, ...(before.length === 0 ? [] : ['']), ...canvas, '', ...closing(replayed, causes)]
}

const markOf = ({ property }: Replayed): Mark => ({
  text: property.kind === 'witness' ? property.id : `BUG: ${property.id}`,
})

/**
 * The command that reproduces the result without the counterexample file: the search is deterministic. Continued on
 * further shell lines where it is too long.
 */
export function reproduce({ scenario, design, property, counterexample: { kernel } }: Replayed): string[] {
  const parts = [
    'Reproduce: mmucheck check',
    scenario.file === undefined ? scenario.id : `--scenario ${shellWord(scenario.file)}`,
    ...(kernel === undefined ? [] : [`--kernel ${shellWord(kernel)}`]),
    `--design ${shellWord(design.file ?? design.id)}`,
    `--property ${property.id}`,
  ]
  const line = parts.join(' ')
  if (line.length <= WIDTH) return [line]
  // The command and the scenario, then the options, together if they fit.
  const [command, where, ...options] = parts
  const together = `${command} ${where} \\`
  const first = together.length <= WIDTH ? [together] : [`${command} \\`, `    ${where} \\`]
  const rest = `    ${options.join(' ')}`
  return rest.length <= WIDTH
    ? [...first, rest]
    : [...first, ...options.slice(0, -1).map((option) => `    ${option} \\`), `    ${options.at(-1)}`]
}

/** A path or a name as one printable shell word. */
const shellWord = (text: string): string => {
  const word = quotedPath(text)
  return /^[\w./@%+:,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/**
 * Values of the fields that the property read, and of those by which threads communicate, before step `from`: at the
 * beginning of what the diagram shows.
 */
export function beginning(replayed: Replayed, causes: Causes, from = 0): string[] {
  const { system, states, steps } = replayed
  const changed = changedVariables(replayed, from)
  const judged = new Set(causes.judged)
  const races = new Set(causes.races.map((race) => race.field))
  const last = states[states.length - 1]
  const shown = variablesOf(system).all.filter((variable) => {
    if (variable.counter) return false
    const looked = variable.fields.some((f) => judged.has(f) || races.has(f))
    if (changed.has(variable)) return looked || variable.fields.some((f) => causes.communicated.has(f))
    // A constant field is worth a line only if it is not empty: properties read many empty slots.
    return looked && (replayed.steps.length === 0 || variable.fields.some((f) => last[f] !== 0))
  })
  if (shown.length === 0) return []
  const kept = mostImportant(shown, causes)
  const entries = kept.map((variable) => `${variable.path} = ${variable.value(states[from])}`)
  const after = from === 0 ? '' : `, after ${plural(from, 'step')} that ${steps[0].thread.name} takes alone`
  return [`At the beginning${after}:`, ...inColumns(entries)]
}

/** The fields that changed between the first and the last state, of those that the failure depends on. */
export function changedTable(replayed: Replayed, causes: Causes): string[] {
  const { states, system } = replayed
  const last = states[states.length - 1]
  const { from } = abridged(replayed, causes, markOf(replayed))
  const changed = changedVariables(replayed, from)
  const judged = new Set([...causes.judged, ...causes.races.map((race) => race.field)])
  const shown = variablesOf(system).all.filter(
    (variable) =>
      changed.has(variable) && variable.fields.some((f) => judged.has(f) || causes.communicated.has(f)),
  )
  if (shown.length === 0) return []
  const kept = mostImportant(shown, causes)
  const rows = kept.map((variable) => {
    const [before, now] = [variable.value(states[from]), variable.value(last)]
    return [`  ${variable.path}`, before, before === now ? 'as before' : now]
  })
  const lines = table([['Changed since the beginning', 'before', 'now'], ...rows])
  const wide = lines.some((line) => line.length > WIDTH)
  const asList = [
    'Changed since the beginning:',
    ...rows.flatMap(([path, before, now]) =>
      wrap(`${path}: ${before} -> ${now}`, WIDTH - 2, 4).map((l) => `  ${l}`),
    ),
  ]
  return [...(wide ? asList : lines), ...more(shown.length - kept.length), '']
}

const more = (n: number): string[] => (n === 0 ? [] : [`  (${n} more: --as states)`])

/** Variables that some step changed, from step `from` on. */
function changedVariables({ system, steps }: Replayed, from: number): ReadonlySet<StateVariable> {
  const variables = variablesOf(system)
  return new Set(
    steps.slice(from).flatMap(({ changes }) => changes.flatMap((c) => c.fields.map((f) => variables.of(f)))),
  )
}

/** The most important variables (decisive, then read by the property, then others), in order of declaration. */
function mostImportant(shown: readonly StateVariable[], causes: Causes): StateVariable[] {
  const races = new Set(causes.races.map((race) => race.field))
  const judged = new Set(causes.judged)
  const rank = ({ fields }: StateVariable): number =>
    fields.some((f) => races.has(f) || causes.decisive.has(f)) ? 0 : fields.some((f) => judged.has(f)) ? 1 : 2
  const ranked = shown.toSorted((a, b) => rank(a) - rank(b))
  const looked = ranked.filter((variable) => rank(variable) < 2).length
  const kept = new Set(ranked.slice(0, Math.min(MOST_FIELDS, Math.max(looked, ENOUGH_FIELDS))))
  return shown.filter((variable) => kept.has(variable))
}

/** Two entries on a line where they fit, at the columns of two lanes. */
function inColumns(entries: readonly string[]): string[] {
  const lines: string[] = []
  for (let i = 0; i < entries.length; i++) {
    const [left, right] = [entries[i], entries[i + 1] as string | undefined]
    if (right !== undefined && left.length <= 34 && right.length <= WIDTH - 38) {
      lines.push(`  ${left.padEnd(36)}${right}`)
      i++
    } else lines.push(...wrap(left, WIDTH - 2, 4).map((line) => `  ${line}`))
  }
  return lines
}
