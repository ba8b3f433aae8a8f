import { diagram } from '../../../../counterexamples/diagram.ts'
import type { Replayed } from '../../../../counterexamples/replay.ts'
import { stepText } from '../../../../counterexamples/rows.ts'
import type { Checker } from '../../checker.ts'
import { load, replayed } from '../../counterexamples.ts'
import { FINDINGS } from '../../gate/compare.ts'
import type { Conclusion } from '../../gate/conclude.ts'
import type { GateJson } from '../../gate/gate-json.ts'
import { openInWords, stopInWords } from '../../reason-words.ts'
import type { UserFiles } from '../../user-files.ts'
import type { ReportedFinding } from '../gate-text.ts'
import type { CheckReport, CounterexampleReport, PropertyReport } from '../report.ts'
import { totals } from '../report-text.ts'
import { type Behaviour, type Case, type CaseOutcome, COMPLETE, type Output, type Suite } from './output.ts'

/** A check as a suite. What was not requested is a case only if it is violated or has no verdict. */
export function suiteOfCheck(
  checker: Checker,
  check: CheckReport,
  titles: ReadonlyMap<string, string>,
  files: UserFiles | undefined,
  out: string,
): Suite {
  const cases = check.properties
    .filter(({ asked, verdict }) => asked || verdict === 'violated' || verdict === 'inconclusive')
    .map((p): Case => {
      const behaviour =
        p.verdict === 'violated' && p.counterexample !== null
          ? behaviourOf(shownOf(checker, p.counterexample, files, out), p.counterexample.file)
          : null
      const doubt = p.counterexample?.unconfirmed ?? null
      return {
        name: p.id,
        title: titles.get(p.id) ?? '',
        outcome: OUTCOMES[p.verdict],
        words: doubt === null ? wordsOf(p) : `${wordsOf(p)}; NOT CONFIRMED: ${doubt}`,
        kind: '',
        behaviour,
      }
    })
  const kernel = check.kernel === null ? '' : ` on ${check.kernel}`
  // The time is left out: it differs from run to run.
  const notes = [totals(check).replace(/, \d+\.\d+ s\b/, ''), ...check.remarks]
  return {
    name: `${check.design} in ${check.scenario}${kernel}`,
    notes,
    cases: [...cases, completeCase(check)],
  }
}

const OUTCOMES: Readonly<Record<PropertyReport['verdict'], CaseOutcome>> = {
  holds: 'pass',
  reached: 'pass',
  'not-applicable': 'pass',
  violated: 'fail',
  inconclusive: 'skip',
  // A property that was requested and had nothing to judge must not pass.
  vacuous: 'error',
  'not-reached': 'error',
}

function wordsOf(p: PropertyReport): string {
  if (p.verdict === 'violated') return `violated in ${p.counterexample?.length ?? '?'} steps`
  const why = p.reason === null ? '' : `: ${openInWords(p.reason)}`
  const upTo = p.upTo === null ? '' : `: judged up to the oops ${p.upTo}`
  return `${p.verdict}${why}${upTo}`
}

function completeCase({ complete, modelError, incompleteReason }: CheckReport): Case {
  const why =
    modelError !== null
      ? `the model is wrong: ${modelError.message}`
      : `inconclusive: ${incompleteReason === null ? 'stopped' : stopInWords(incompleteReason)}`
  const isDone = complete && modelError === null
  return {
    name: COMPLETE,
    title: 'The search visited every reachable state.',
    outcome: isDone ? 'pass' : 'error',
    words: isDone ? 'complete' : why,
    kind: '',
    behaviour: null,
  }
}

const shownOf = (
  checker: Checker,
  { contents, file, id }: Pick<CounterexampleReport, 'contents' | 'file' | 'id'>,
  files: UserFiles | undefined,
  out: string,
): Replayed =>
  contents === null ? load(checker, { name: file ?? id, out }, files) : replayed(checker, contents, files)

function behaviourOf(shown: Replayed, file: string | null): Behaviour {
  return {
    id: shown.counterexample.id,
    file,
    diagram: diagram(shown),
    steps: shown.steps.map((step) => ({
      thread: step.thread.name,
      step: step.located.path,
      text: stepText(shown, step),
    })),
  }
}

/** Behaviours that are written out: each is replayed for its diagram. */
const SHOWN = 50

/** A gate: a suite for each cell, a case for each property, and one suite for what is about no cell of this run. */
export function outputOfGate(
  checker: Checker,
  json: GateJson,
  findings: readonly ReportedFinding[],
  titles: ReadonlyMap<string, string>,
  verdict: string,
  { out, cells }: Pick<Conclusion, 'out' | 'cells'>,
): Output {
  const byKey = new Map<string, ReportedFinding>()
  for (const each of findings) if (each.property !== null) byKey.set(`${each.cell}: ${each.property}`, each)
  let shown = 0
  const behaviour = ({ cell, counterexample }: ReportedFinding): Behaviour | null => {
    if (counterexample?.file == null || shown++ >= SHOWN) return null
    const files = cells.find(({ name }) => name === cell)?.files
    return behaviourOf(load(checker, { name: counterexample.file, out }, files), counterexample.file)
  }
  const suites = json.cells.map((cell): Suite => {
    const name = `${cell.design} in ${cell.scenario}`
    const cases = cell.properties
      .filter(({ id, verdict }) => verdict !== 'not-applicable' || byKey.has(`${name}: ${id}`))
      .map(({ id, verdict }): Case => {
        const found = byKey.get(`${name}: ${id}`)
        byKey.delete(`${name}: ${id}`)
        const base = { name: id, title: titles.get(id) ?? '' }
        if (found === undefined)
          return { ...base, outcome: 'pass', words: verdict, kind: '', behaviour: null }
        return { ...base, ...caseOf(found), behaviour: behaviour(found) }
      })
    const own = findings.filter((each) => each.cell === name)
    const about = own.filter(({ property }) => property === null)
    const gone = own.filter(({ property }) => byKey.has(`${name}: ${property}`))
    for (const { property } of gone) byKey.delete(`${name}: ${property}`)
    const whole = about.map(
      (each): Case => ({ name: each.kind, title: '', ...caseOf(each), behaviour: null }),
    )
    const goneCases = gone.map(
      (each): Case => ({ name: each.property ?? '', title: '', ...caseOf(each), behaviour: null }),
    )
    const complete: Case = {
      name: COMPLETE,
      title: 'The search visited every reachable state.',
      outcome: cell.complete ? 'pass' : 'error',
      words: cell.complete ? 'complete' : (cell.modelError ?? cell.stopped ?? 'stopped'),
      kind: '',
      behaviour: null,
    }
    const counts = `${cell.states} states, ${cell.transitions} transitions, depth ${cell.depth}`
    return { name, notes: [counts], cases: [...cases, ...goneCases, ...whole, complete] }
  })
  const names = new Set(suites.map(({ name }) => name))
  const elsewhere = findings
    .filter(({ cell }) => !names.has(cell))
    .map(
      (each): Case => ({
        name: each.cell === '' ? 'steps' : each.cell,
        title: '',
        ...caseOf(each),
        behaviour: null,
      }),
    )
  const rest: Suite[] = elsewhere.length === 0 ? [] : [{ name: 'coverage', notes: [], cases: elsewhere }]
  const { version, modelHash } = json
  return { version, modelHash, verdict, suites: [...suites, ...rest] }
}

function caseOf({ kind, was, now, note }: ReportedFinding): Pick<Case, 'outcome' | 'words' | 'kind'> {
  const said = [
    kind,
    ...(now === null ? [] : [`now ${now}`]),
    ...(was === null ? [] : [`was ${was}`]),
    ...(note === null ? [] : [note]),
  ].join('; ')
  const isError = kind === 'inconclusive' || kind === 'vacuous' || kind === 'model-error'
  const outcome = FINDINGS[kind] === 0 ? 'pass' : isError ? 'error' : 'fail'
  return { outcome, words: said, kind }
}
