import { match } from 'ts-pattern'
import { z } from 'zod'
import { plural } from '../../../counterexamples/text-layout.ts'
import { LONGEST_MESSAGE, quoted } from '../../../model/language/quoted.ts'
import { type Reviewed, type Standing, scoreOf } from '../mutation/review.ts'
import type { Outcome } from '../mutation/trials.ts'
import { wrapAtSpaces } from '../wrap.ts'
import type { Style } from './report-text.ts'

/** The words for the standings, in the order of the last line. */
const WORDS = {
  noticed: 'noticed',
  equivalent: 'no change',
  explained: 'explained',
  unexplained: 'NOT EXPLAINED',
  contradicted: 'NOTICED',
  open: 'not decided',
} as const satisfies Readonly<Record<Standing, string>>

const LONGEST_WORD = Math.max(...Object.values(WORDS).map((word) => word.length))

/** The lines on one mutant: what became of it, and the reviewed reason. */
export function mutantLines(trial: Reviewed, { width, colour }: Pick<Style, 'width' | 'colour'>): string[] {
  const { mutant, outcome, standing, known } = trial
  const isWrong = standing === 'unexplained' || standing === 'contradicted'
  const word = WORDS[standing].padEnd(LONGEST_WORD)
  const reason = known === null ? '' : ` (${known.reason}: ${known.because})`
  const [first, ...rest] = wrapAtSpaces(
    `${mutant.id}: ${inWords(outcome)}${reason}`,
    width - LONGEST_WORD - 2,
  )
  const indent = ' '.repeat(LONGEST_WORD + 2)
  return [
    `${isWrong ? colour.red(word) : word}  ${first}`,
    ...wrapAtSpaces(rest.join(' '), width, `${indent}  `),
  ]
}

function inWords(outcome: Outcome): string {
  return match(outcome)
    .with(
      { kind: 'noticed' },
      ({ property, scenario, length }) => `${property} in ${scenario}, ${plural(length, 'step')}`,
    )
    .with(
      { kind: 'model-fails' },
      ({ scenario, message }) =>
        `the model fails in ${scenario}: ${quoted(message, LONGEST_MESSAGE).replace(`${scenario}: `, '')}`,
    )
    .with({ kind: 'survives' }, ({ scenarios }) => `survives in ${plural(scenarios.length, 'scenario')}`)
    .with({ kind: 'equivalent' }, ({ why }) => why)
    .with({ kind: 'never-taken' }, () => 'no scenario takes it')
    .with({ kind: 'not-decided' }, ({ why }) => why)
    .exhaustive()
}

/** `mmucheck: score 330 of 350; 330 noticed, 12 no change, 20 explained, 0 not explained, 0 not decided`, the last line. */
export function mutationLine(trials: readonly Reviewed[], stale: readonly string[]): string {
  const count = (standing: Standing): number => trials.filter((t) => t.standing === standing).length
  const failing = trials.filter((t) => t.standing === 'noticed' && t.outcome.kind === 'model-fails').length
  const contradicted = count('contradicted')
  const { noticed, of } = scoreOf(trials)
  return [
    `mmucheck: score ${noticed} of ${of}; ${count('noticed')} noticed${failing === 0 ? '' : ` (${failing} by failing model code)`}`,
    `${count('equivalent')} no change`,
    `${count('explained')} explained`,
    `${count('unexplained')} not explained`,
    `${count('open')} not decided`,
    ...(contradicted === 0 ? [] : [`${contradicted} noticed though a reason says otherwise`]),
    ...(stale.length === 0 ? [] : [`${plural(stale.length, 'reason')} without a statement`]),
  ].join(', ')
}

const natural = z.int().min(0)

const outcome = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('noticed'), scenario: z.string(), property: z.string(), length: natural }),
  z.strictObject({ kind: z.literal('model-fails'), scenario: z.string(), message: z.string() }),
  z.strictObject({
    kind: z.literal('survives'),
    scenarios: z.array(z.string()),
    sameCounts: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('equivalent'), why: z.string() }),
  z.strictObject({ kind: z.literal('never-taken') }),
  z.strictObject({ kind: z.literal('not-decided'), why: z.string() }),
])

/** The machine-readable result, stable for scripts: `mmucheck-mutation/1`. */
export const mutationSchema = z.strictObject({
  schema: z.literal('mmucheck-mutation/1'),
  version: z.string(),
  modelHash: z.string(),
  mutator: z.string(),
  design: z.string(),
  /** Mutants with a reviewed reason that do not exist. */
  stale: z.array(z.string()),
  /** The mutation score: how many were noticed, of those that change a behaviour. */
  score: z.strictObject({ noticed: natural, of: natural }),
  mutants: z.array(
    z.strictObject({
      id: z.string(),
      mutator: z.string(),
      /** The statement as diagrams show it; null if that depends on the state. */
      shows: z.string().nullable(),
      standing: z.enum(Object.keys(WORDS) as [Standing, ...Standing[]]),
      outcome,
      reason: z.enum(['redundant', 'precision', 'independent', 'bounds', 'unjudged', 'model']).nullable(),
      because: z.string().nullable(),
      searches: natural,
      states: natural,
    }),
  ),
})

export type MutationJson = z.infer<typeof mutationSchema>

/** The result of a run as it is written. */
export function mutationJson(
  run: Pick<MutationJson, 'version' | 'modelHash' | 'mutator' | 'design' | 'stale'>,
  trials: readonly Reviewed[],
): MutationJson {
  const { version, modelHash, mutator, design, stale } = run
  const mutants = trials.map(
    ({ mutant, mutator: kind, standing, outcome: found, known, searches, states }) => ({
      id: mutant.id,
      mutator: kind,
      shows: mutant.shows,
      standing,
      outcome: found.kind === 'survives' ? { ...found, scenarios: [...found.scenarios] } : found,
      reason: known?.reason ?? null,
      because: known?.because ?? null,
      searches,
      states,
    }),
  )
  const score = scoreOf(trials)
  return { schema: 'mmucheck-mutation/1', version, modelHash, mutator, design, stale, score, mutants }
}
