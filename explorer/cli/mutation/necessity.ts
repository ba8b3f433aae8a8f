import { plural } from '../../../counterexamples/text-layout.ts'
import { quoted } from '../../../model/language/quoted.ts'
import type { Reviewed } from './review.ts'

/** A file of the report, by name, as Markdown. */
export interface ReportFile {
  readonly name: string
  readonly text: string
}

/** A mutant in the report: what became of it, and the race that shows it. */
export interface Entry {
  readonly trial: Pick<Reviewed, 'mutator' | 'mutant' | 'standing' | 'known' | 'outcome'>
  /** The lines of a race diagram; null where nothing was noticed. */
  readonly race: readonly string[] | null
}

/** What a change of each kind is, in the heading of the report. */
const HEADINGS: Readonly<Record<string, string | undefined>> = {
  drop: 'Why each statement is there: what goes wrong without it',
  swap: 'Why statements are in their order: what goes wrong if two are swapped',
  guard: 'Why each test is there: what goes wrong if its answer is always the same',
  all: 'Why each statement, order, test and lock is there: what goes wrong without it',
  section: 'Why each lock is held so long: what goes wrong if it is dropped meanwhile',
}

/**
 * The necessity report: a file for each kernel function, with the race that shows why each statement is needed, and an
 * index.
 */
export function necessityReport(mutator: string, entries: readonly Entry[]): ReportFile[] {
  const byFunction = new Map<string, Entry[]>()
  for (const entry of entries) {
    const fn = / in (\w+)\(\)$/.exec(entry.trial.mutant.id)?.[1] ?? 'other'
    byFunction.set(fn, [...(byFunction.get(fn) ?? []), entry])
  }
  const heading = HEADINGS[mutator] ?? mutator
  const files = [...byFunction].map(([fn, all]): ReportFile => {
    const sections = all.map((entry) => sectionOf(entry))
    return { name: `${fn}.md`, text: `# ${fn}()\n\n${sections.join('\n')}` }
  })
  const rows = [...byFunction].map(([fn, all]) => {
    const needed = all.filter(({ race }) => race !== null).length
    return `| [${fn}()](${fn}.md) | ${all.length} | ${needed} |`
  })
  const index = [`# ${heading}`, '', '| function | changes | noticed |', '|---|---|---|', ...rows, '']
  return [{ name: 'README.md', text: index.join('\n') }, ...files]
}

function sectionOf({ trial: { mutator, mutant, outcome, known, standing }, race }: Entry): string {
  const title = `## ${quoted(mutant.id)}`
  const shows = mutant.shows === null ? [] : [`\`${quoted(mutant.shows)}\``, '']
  const what =
    outcome.kind === 'noticed'
      ? `Noticed by \`${outcome.property}\` in \`${outcome.scenario}\`, after ${plural(outcome.length, 'step')}.`
      : known === null
        ? `Not noticed (${standing}).`
        : `Not noticed (${known.reason}): ${known.because}`
  const again =
    outcome.kind === 'noticed'
      ? [`Again: \`mmucheck mutate ${outcome.scenario} --only ${mutator} --step '${quoted(mutant.id)}'\``]
      : []
  const drawn = race === null ? [] : ['', '```', ...race, '```', '', ...again]
  return [title, '', ...shows, what, ...drawn, ''].join('\n')
}
