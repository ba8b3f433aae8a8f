import { join } from 'node:path'
import { plural } from '../../../counterexamples/text-layout.ts'
import { printableJson } from '../../../model/language/quoted.ts'
import { replaceFile } from '../../checkpoint/index.ts'
import { titled } from '../catalogue.ts'
import type { Cell } from '../cells.ts'
import { stopInWords } from '../reason-words.ts'
import type { CheckSettings } from '../search-settings.ts'
import { wrapAtSpaces } from '../wrap.ts'
import type { MutationJson } from './mutation-report.ts'
import { appliedIn, type CheckReport, visitedIn } from './report.ts'
import { type Result, resultJson } from './result-json.ts'

/** Columns of a mail that is quoted twice without being broken anew. */
const MAIL_WIDTH = 75

/** A run whose evidence is written. */
export interface EvidenceOf extends Pick<Result, 'version' | 'modelHash'> {
  readonly cells: readonly Cell[]
  /** The report of each cell. */
  readonly checks: readonly CheckReport[]
  readonly settings: CheckSettings
  /** Names the scenarios that the run skipped; empty if it skipped none. */
  readonly unvisited: string
  /** How many small changes of the model its properties notice, from an earlier run; absent if that is not known. */
  readonly mutation?: MutationJson
}

/** The names of the files in a folder. */
export const EVIDENCE_FILES = { data: 'evidence.json', text: 'checked.txt' } as const

/**
 * Writes what a run is evidence of: all of it as data, and a paragraph for a mail.
 * @returns the paths. @throws what writing throws.
 */
export function writeEvidence(
  folder: string,
  of: EvidenceOf,
): { readonly data: string; readonly text: string } {
  const data = join(folder, EVIDENCE_FILES.data)
  const text = join(folder, EVIDENCE_FILES.text)
  replaceFile(data, `${printableJson(evidenceOf(of))}\n`)
  replaceFile(text, `${checkedText(of).join('\n')}\n`)
  return { data, text }
}

/** The evidence, `mmucheck-evidence/1`: the result, and of each search what the result does not contain. */
export function evidenceOf(of: EvidenceOf): object {
  const { version, modelHash, cells, checks, settings, unvisited } = of
  const { storage = 'exact', fingerprintBits } = settings
  return {
    schema: 'mmucheck-evidence/1',
    version,
    modelHash,
    node: process.version,
    storage: storage === 'exact' ? 'exact' : `${fingerprintBits ?? 64}-bit fingerprints`,
    skipped: unvisited,
    mutation: mutationEvidence(of),
    searches: checks.map((report, n) => {
      const { scenario, design, files } = cells[n]
      const steps = [...report.steps]
      const witnesses = report.properties.filter(({ kind }) => kind === 'witness')
      const never = steps.filter(([, taken]) => taken === 0).map(([name]) => name)
      return {
        scenario: scenario.id,
        design: design.id,
        designSha256: files?.design?.code?.sha256 ?? null,
        bounds: scenario.bounds,
        complete: report.complete,
        levels: report.depth + 1,
        reduction: appliedIn(report),
        omissionProbability: { bound: report.collisionProbability, measured: report.collisionMeasured },
        selfCheck: report.selfCheck,
        witnesses: witnesses.map(({ id, verdict, trace }) => ({
          id,
          verdict,
          steps: trace === null ? null : trace.steps.length,
        })),
        vacuous: report.properties.filter(({ verdict }) => verdict === 'vacuous').map(({ id }) => id),
        coverage: { steps: steps.length, taken: steps.length - never.length, neverTaken: never },
      }
    }),
    result: resultJson({ version, modelHash }, checks),
  }
}

/** The mutation score, and whether it is that of the model that was checked; null if it is not known. */
function mutationEvidence({ mutation, modelHash }: EvidenceOf): object | null {
  if (mutation === undefined) return null
  const { mutator, design, score, mutants } = mutation
  return {
    mutator,
    design,
    score,
    notDecided: mutants.filter(({ standing }) => standing === 'open').length,
    notExplained: mutants.filter(({ standing }) => standing === 'unexplained').length,
    modelHash: mutation.modelHash,
    isOfThisModel: mutation.modelHash === modelHash,
  }
}

/** The mutation score as a line of the paragraph. */
function mutationText({ mutation, modelHash }: EvidenceOf): string {
  if (mutation === undefined)
    return '- How many small changes of the model the properties notice (mutation score).'
  const { mutator, design, score, mutants } = mutation
  const open = mutants.filter(({ standing }) => standing === 'open').length
  const of = mutation.modelHash === modelHash ? '' : `, of another model (${mutation.modelHash})`
  const kinds = mutator === 'all' ? 'of all kinds' : `of the kind "${mutator}"`
  return `- Mutation score of the properties on ${design}${of}: ${score.noticed} of ${score.of} changes ${kinds} noticed, ${open} not decided.`
}

/** The paragraph: what was checked, with the verdicts and how much was searched, and what was not. */
export function checkedText(evidence: EvidenceOf): string[] {
  const { version, modelHash, cells, checks, unvisited, mutation } = evidence
  const score = mutationText(evidence)
  const was = checks.map((report, n) => {
    const { scenario, design } = cells[n]
    const idsOf = (verdict: string): string[] =>
      report.properties.filter((p) => p.verdict === verdict && p.kind !== 'witness').map(({ id }) => id)
    const holds = idsOf('holds')
    const violated = report.properties
      .filter(({ verdict }) => verdict === 'violated')
      .map(({ id, counterexample }) => (counterexample === null ? id : `${id} (${counterexample.id})`))
    const bounds = Object.entries(scenario.bounds).map(([name, size]) => `${name} ${size}`)
    const kernel = report.kernel === null ? '' : ` on Linux ${report.kernel}`
    const found = [
      ...(holds.length === 0 ? [] : [`hold: ${holds.join(', ')}`]),
      ...(violated.length === 0 ? [] : [`violated: ${violated.join(', ')}`]),
    ]
    const whole = report.complete ? 'every reachable state' : 'NOT every reachable state'
    return [
      `- ${titled(scenario)} with ${titled(design)}${kernel} (${bounds.join(', ')}), ${whole}:`,
      `${plural(visitedIn(report), 'state')}, ${plural(report.transitions, 'transition')};`,
      found.length === 0 ? 'no verdict.' : `${found.join('; ')}.`,
    ].join(' ')
  })
  const not = checks.flatMap((report, n) => {
    const where = `${cells[n].scenario.id} with ${cells[n].design.id}`
    const { incompleteReason, modelError } = report
    const open = report.properties.flatMap((p) => {
      if (p.verdict === 'inconclusive') return [`${p.id}: inconclusive`]
      if (p.verdict === 'vacuous') return [`${p.id}: nothing to judge`]
      if (p.verdict === 'not-reached') return [`${p.id}: not reached`]
      return []
    })
    const never = [...report.steps].filter(([, taken]) => taken === 0).length
    const why =
      modelError !== null
        ? [`the model is wrong: ${modelError.message}`]
        : incompleteReason === null
          ? []
          : [`the search ended early: ${stopInWords(incompleteReason)}`]
    const probability = report.collisionMeasured ?? report.collisionProbability
    const parts = [
      ...why,
      ...open,
      ...(never === 0 ? [] : [`${never} of ${report.steps.size} steps are never taken`]),
      ...(probability > 0 ? [`a state may be omitted with probability ${probability.toExponential(0)}`] : []),
    ]
    return parts.length === 0 ? [] : [`- ${where}: ${parts.join('; ')}.`]
  })
  const always =
    '- Larger bounds, code that is not modelled, the compiler, and memory orders weaker than ' +
    'sequential consistency, except in scenarios with store buffers.'
  const paragraph = (text: string): string[] =>
    text.startsWith('- ')
      ? wrapAtSpaces(text.slice(2), MAIL_WIDTH - 2, '  ').map((line, n) =>
          n === 0 ? `- ${line.trim()}` : line,
        )
      : wrapAtSpaces(text, MAIL_WIDTH)
  return [
    `Checked with mmucheck ${version}, model ${modelHash}:`,
    ...was,
    ...(mutation === undefined ? [] : [score]),
    'Not checked:',
    ...not,
    ...(mutation === undefined ? [score] : []),
    ...(unvisited === '' ? [] : [`- ${unvisited[0].toUpperCase()}${unvisited.slice(1)}.`]),
    always,
  ].flatMap(paragraph)
}
