import { match } from 'ts-pattern'
import { drawCanvas } from '../../../counterexamples/canvas.ts'
import { quoted } from '../../../model/language/quoted.ts'
import type { Rejection } from '../../trace/index.ts'
import { wrapAtSpaces } from '../wrap.ts'
import type { LogResult } from './run-log.ts'
import type { SliceResult } from './slice-run.ts'
import type { StatesResult } from './states.ts'

const LABEL = 10

/** What came of a log, as text. @param verbose also name the properties with nothing to judge, and the unobserved. */
export function logLines<W>(result: LogResult<W>, width: number, verbose: boolean): string[] {
  const { name, counted, states, slices } = result
  if (result.refused !== null || counted === null) return [`mmucheck: ${name}: ${result.refused}`]
  const { about, events, counts, unknown } = counted
  const [first, ...rest] = wrapAtSpaces(
    `${name} (${about}): ${[many(events, 'event'), ...counts].join(', ')}`,
    width - 2,
  )
  const lines = [first, ...rest.map((line) => `  ${line}`)]
  if (unknown.length > 0)
    lines.push(
      ...labelled(
        'ignored',
        `events of unknown kinds: ${unknown.map((kind) => quoted(kind)).join(', ')}`,
        width,
      ),
    )
  if (typeof states === 'string') lines.push(...labelled('level 1', `inconclusive: ${states}`, width))
  else if (states !== null) lines.push(...statesLines(states, width, verbose))
  for (const slice of slices) lines.push(...sliceLines(slice, width))
  return lines
}

function labelled(label: string, text: string, width: number): string[] {
  const indent = ' '.repeat(LABEL + 2)
  const [first = '', ...rest] = wrapAtSpaces(text, width - LABEL - 2)
  return [`  ${label.padEnd(LABEL)}${first}`, ...rest.map((line) => indent + line)]
}

function statesLines<W>(
  { verdicts, unobserved, states, disagreement, texts }: StatesResult<W>,
  width: number,
  verbose: boolean,
): string[] {
  const violated = verdicts.filter(({ violatedAt }) => violatedAt !== null)
  const silent = verdicts.filter(({ judged }) => judged === 0)
  const verdict =
    violated.length > 0
      ? `${violated.length} VIOLATED`
      : disagreement !== null
        ? 'DISAGREES'
        : silent.length === verdicts.length
          ? 'nothing to judge'
          : 'all hold'
  const also = `${silent.length} had nothing to judge, ${unobserved.length} not observed`
  const lines = labelled(
    'level 1',
    `${many(verdicts.length, 'property', 'properties')} in ${many(states, 'state')}: ${verdict} (${also})`,
    width,
  )
  for (const { property, violatedAt } of violated) {
    lines.push(...labelled('violated', `${property.id}: ${property.title}`, width))
    lines.push(
      ...labelled('', `line ${violatedAt}: ${quoted(texts.get(violatedAt as number) ?? '', 400)}`, width),
    )
  }
  if (disagreement !== null) {
    lines.push(
      ...labelled('disagrees', `the log and the state that its events led to: ${disagreement.what}`, width),
    )
    lines.push(...labelled('', `line ${disagreement.line}: ${quoted(disagreement.text, 400)}`, width))
  }
  if (!verbose) return lines
  for (const { property, judged } of verdicts)
    lines.push(...labelled('', `${property.id}: judged ${many(judged, 'time')}`, width))
  for (const { id, missing } of unobserved)
    lines.push(...labelled('', `${id}: not observed, ${missing}`, width))
  return lines
}

function sliceLines({ id, result, reason }: SliceResult, width: number): string[] {
  if (result === null) return labelled(id, reason ?? '', width)
  const { verdict, observations, candidates, steps, harness } = result
  const taken = steps.filter((step) => step.taken > 0).length
  const numbers = `at most ${many(candidates.largest, 'candidate')}; ${taken} of ${many(steps.length, 'step')} taken`
  const said = match(verdict)
    .with({ kind: 'followed' }, () => `followed; ${numbers}`)
    .with(
      { kind: 'rejected' },
      ({ rejection }) => `REJECTED at line ${rejection.observation.line}; ${numbers}`,
    )
    .with(
      { kind: 'inconclusive', reason: { kind: 'nothing-observed' } },
      () => 'inconclusive, nothing to follow',
    )
    .with(
      { kind: 'inconclusive', reason: { kind: 'frontier' } },
      ({ reason }) =>
        `inconclusive, ${reason.candidates} candidates at line ${reason.line}: more than --frontier`,
    )
    .exhaustive()
  const lines = labelled(id, `${many(observations, 'observation')}: ${said}`, width)
  const used = harness.filter((h) => h.taken > 0).map((h) => `${stepName(h.harness.step)} ${h.taken}`)
  if (used.length > 0) lines.push(...labelled('harness', used.join(', '), width))
  return verdict.kind === 'rejected' ? [...lines, ...rejectionLines(verdict.rejection, width)] : lines
}

const stepName = (step: unknown): string => (typeof step === 'string' ? step : 'several steps')

function rejectionLines(
  { observation, kind, compared, unmet, race, minimal }: Rejection,
  width: number,
): string[] {
  const why = kind === 'no-model-step' ? 'no model step' : 'state differs'
  const lines = labelled('', `${why}: ${quoted(observation.text, 400)}`, width)
  for (const { what, log, model } of compared.map(sides))
    lines.push(...labelled('', `${what}: ${log} in the log, ${model} in the model`, width))
  for (const { owed, refusal } of unmet?.steps ?? [])
    lines.push(
      ...labelled('', `owed ${stepName(owed.step)} of ${owed.thread}: ${refusalText(refusal)}`, width),
    )
  lines.push('', ...drawCanvas(race.rows, race.lanes, { text: 'rejected' }), '')
  lines.push(
    ...labelled(
      'minimal',
      `lines ${minimal.map(({ line }) => line).join(', ')} are rejected without the others`,
      width,
    ),
  )
  return lines
}

type ComparedSide = Rejection['compared'][number]

function sides({ what, log, name, model }: ComparedSide): { what: string; log: string; model: string } {
  const shown = (value: unknown): string =>
    value === undefined ? 'another value' : quoted(String(value), 80)
  return {
    what,
    log: name === undefined ? shown(log) : `${quoted(name, 80)} (${shown(log)})`,
    model: shown(model),
  }
}

const refusalText = (refusal: NonNullable<Rejection['unmet']>['steps'][number]['refusal']): string =>
  match(refusal)
    .with({ kind: 'no-such-step' }, () => 'there is no such step')
    .with({ kind: 'elsewhere' }, ({ at }) => `the thread is at ${at}`)
    .with(
      { kind: 'blocked' },
      ({ guards, reads }) =>
        `${guards.join('; ')} does not hold (${reads.map(({ field, value }) => `${field} = ${value}`).join(', ')})`,
    )
    .with({ kind: 'oops' }, ({ message }) => message)
    .with({ kind: 'other-case' }, (r) => `case ${r.case} is taken`)
    .with(
      { kind: 'differs' },
      ({ when, compared }) =>
        `${when} it: ${compared
          .map(sides)
          .map(({ what, log, model }) => `${what} is ${model}, ${log} in the log`)
          .join('; ')}`,
    )
    .exhaustive()

const many = (count: number, one: string, more = `${one}s`): string => `${count} ${count === 1 ? one : more}`
