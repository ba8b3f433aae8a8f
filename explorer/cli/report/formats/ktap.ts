import { quoted } from '../../../../model/language/quoted.ts'
import type { Case, Output, Suite } from './output.ts'

/**
 * KTAP version 1, as tools/testing/kunit/kunit.py parses it: a test with subtests for each search. Names have no `#`,
 * which begins a directive; everything else stands in diagnostic lines before the result.
 */
export function ktapText({ suites, verdict, modelHash }: Output): string {
  const lines = suites.flatMap((suite, n) => suiteLines(suite, n + 1))
  return ['KTAP version 1', `1..${suites.length}`, ...lines, `# model ${modelHash}`, `# ${verdict}`].join(
    '\n',
  )
}

function suiteLines({ name, notes, cases }: Suite, number: number): string[] {
  const fails = cases.some(({ outcome }) => outcome === 'fail' || outcome === 'error')
  const inner = [
    'KTAP version 1',
    `# Subtest: ${nameOf(name)}`,
    `1..${cases.length}`,
    ...notes.map((note) => `# ${quoted(note)}`),
    ...cases.flatMap((each, n) => caseLines(each, n + 1)),
  ]
  return [...inner.map((line) => `  ${line}`), `${fails ? 'not ok' : 'ok'} ${number} ${nameOf(name)}`]
}

function caseLines({ name, words, outcome, behaviour }: Case, number: number): string[] {
  const said = outcome === 'pass' ? [] : [`# ${quoted(words, 1000)}`]
  const shown = behaviour === null || outcome === 'pass' ? [] : behaviour.diagram.trimEnd().split('\n')
  const file = behaviour === null || outcome === 'pass' ? [] : [`# ${behaviour.file ?? behaviour.id}`]
  const result = {
    pass: `ok ${number} ${nameOf(name)}`,
    skip: `ok ${number} ${nameOf(name)} # SKIP ${nameOf(quoted(words))}`,
    fail: `not ok ${number} ${nameOf(name)}`,
    error: `not ok ${number} ${nameOf(name)}`,
  }[outcome]
  return [...said, ...shown.map((line) => `# ${line}`.trimEnd()), ...file, result]
}

const nameOf = (text: string): string => quoted(text).replaceAll('#', ' ')
