import { quotedPath } from '../model/language/quoted.ts'
import { type Causes, causesOf } from './causes.ts'
import { contextSwitches } from './context-switches.ts'
import { type Item, itemsOf } from './items.ts'
import { lanesOf } from './lanes.ts'
import { layPage } from './page.ts'
import { closing } from './prose.ts'
import type { Replayed } from './replay.ts'
import { isLeftOut, rowsOf } from './rows.ts'
import { table, WIDTH, wrap } from './text.ts'

/** Most entries of the tables of fields, and most with entries that only passed from thread to thread. */
const MOST_FIELDS = 12
const ENOUGH_FIELDS = 4

/** Everything about a counterexample on one page: what was asked, the race diagram, and what changed. */
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

/** What was asked, and how long the answer is. */
export function heading(replayed: Replayed, causes: Causes = causesOf(replayed)): string[] {
  const { property, scenario, design, counterexample, steps } = replayed
  const shown = steps.filter((step) => !isLeftOut(replayed, step, causes)).length
  const switches = contextSwitches(counterexample.steps)
  const length = `${counterexample.id}, ${count(steps.length, 'step')}${shown < steps.length ? ` (${shown} shown)` : ''}, ${count(switches, 'context switch')}`
  const rows: readonly (readonly [string, string])[] = [
    [property.kind === 'witness' ? 'REACHED' : 'VIOLATED', property.id],
    ['scenario', `${scenario.id}: ${scenario.title}`],
    ['design', `${design.id}: ${design.title}`],
    ['trace', length],
  ]
  return rows.flatMap(([key, value]) => {
    const [first, ...rest] = wrap(value, WIDTH - 10, 0)
    return [`${key.padEnd(10)}${first}`, ...rest.map((line) => ' '.repeat(10) + line)]
  })
}

const count = (n: number, what: string): string =>
  `${n} ${what}${n === 1 ? '' : what.endsWith('ch') ? 'es' : 's'}`

/** The diagram as it goes into a commit message: the beginning, the lanes, and the sentences below. */
export function raceDiagram(replayed: Replayed, causes: Causes = causesOf(replayed)): string[] {
  const lanes = lanesOf(replayed)
  const rows = rowsOf(replayed, lanes, causes)
  const { property, counterexample } = replayed
  const mark = { text: property.kind === 'witness' ? property.id : `BUG: ${property.id}` }
  const before = beginning(replayed, causes)
  const page =
    lanes.all.length === 0 ? [`  <--- ${mark.text}`] : layPage(rows, lanes, mark, counterexample.loopStart)
  return [...before, ...(before.length === 0 ? [] : ['']), ...page, '', ...closing(replayed, causes)]
}

/**
 * The command with which a reader of a mail finds the same, without the counterexample file: the search is
 * deterministic. On two lines of a shell where one is too short.
 */
export function reproduce({ scenario, design, property }: Replayed): string[] {
  const which = shellWord(design.file ?? design.id)
  const where = scenario.file === undefined ? scenario.id : `--scenario ${shellWord(scenario.file)}`
  const check = `Reproduce: mmucheck check ${where}`
  const options = `--design ${which} --property ${property.id}`
  const line = `${check} ${options}`
  return line.length <= WIDTH ? [line] : [`${check} \\`, `    ${options}`]
}

/** A path or a name as one word of a shell, printable. */
const shellWord = (text: string): string => {
  const word = quotedPath(text)
  return /^[\w./@%+:,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** Initial values of what matters: what the property looked at, and what one thread tells another. */
export function beginning(replayed: Replayed, causes: Causes): string[] {
  const { system, states } = replayed
  const changed = changedItems(replayed)
  const judged = new Set(causes.judged)
  const races = new Set(causes.races.map((race) => race.field))
  const last = states[states.length - 1]
  const shown = itemsOf(system).all.filter((item) => {
    if (item.counter) return false
    const looked = item.fields.some((f) => judged.has(f) || races.has(f))
    if (changed.has(item)) return looked || item.fields.some((f) => causes.communicated.has(f))
    // Of what never changed only what is there is worth a line: not every empty slot that was looked at.
    return looked && (replayed.steps.length === 0 || item.fields.some((f) => last[f] !== 0))
  })
  if (shown.length === 0) return []
  const kept = mostImportant(shown, causes)
  const entries = kept.map((item) => `${item.path} = ${item.value(states[0])}`)
  return ['At the beginning:', ...inColumns(entries)]
}

/** What changed between the first and the last state, of what matters. */
export function changedTable(replayed: Replayed, causes: Causes): string[] {
  const { states, system } = replayed
  const last = states[states.length - 1]
  const changed = changedItems(replayed)
  const judged = new Set([...causes.judged, ...causes.races.map((race) => race.field)])
  const shown = itemsOf(system).all.filter(
    (item) => changed.has(item) && item.fields.some((f) => judged.has(f) || causes.communicated.has(f)),
  )
  if (shown.length === 0) return []
  const kept = mostImportant(shown, causes)
  const rows = kept.map((item) => {
    const [before, now] = [item.value(states[0]), item.value(last)]
    return [`  ${item.path}`, before, before === now ? 'as before' : now]
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

/** Things that some step changed. */
function changedItems({ system, steps }: Replayed): ReadonlySet<Item> {
  const items = itemsOf(system)
  return new Set(steps.flatMap(({ changes }) => changes.flatMap((c) => c.fields.map((f) => items.of(f)))))
}

/** The first of them by importance, in order of declaration: what decides, what was looked at, the rest. */
function mostImportant(shown: readonly Item[], causes: Causes): Item[] {
  const races = new Set(causes.races.map((race) => race.field))
  const judged = new Set(causes.judged)
  const rank = ({ fields }: Item): number =>
    fields.some((f) => races.has(f) || causes.decisive.has(f)) ? 0 : fields.some((f) => judged.has(f)) ? 1 : 2
  const ranked = shown.toSorted((a, b) => rank(a) - rank(b))
  const looked = ranked.filter((item) => rank(item) < 2).length
  const kept = new Set(ranked.slice(0, Math.min(MOST_FIELDS, Math.max(looked, ENOUGH_FIELDS))))
  return shown.filter((item) => kept.has(item))
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
