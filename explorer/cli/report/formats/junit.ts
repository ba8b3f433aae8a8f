import junit, { type Builder, type TestSuite } from 'junit-report-builder'
import type { Case, Output, Suite } from './output.ts'

/** What the module exports is its builder; its types say that of a member `default`. */
const builder = junit as unknown as Builder

/** JUnit XML: a suite for each search, a case for each property; what has no verdict is skipped. */
export function junitText({ suites, version, modelHash, verdict }: Output): string {
  const report = builder.newBuilder().name('mmucheck')
  for (const suite of suites) {
    const written = report.testSuite().name(clean(suite.name))
    written.property('version', version)
    written.property('model', modelHash)
    written.property('verdict', clean(verdict))
    suite.notes.forEach((note, n) => {
      written.property(`note${n + 1}`, clean(note))
    })
    for (const each of suite.cases) writeCase(written, suite, each)
  }
  return report.build()
}

function writeCase(
  suite: TestSuite,
  { name }: Suite,
  { name: property, words, outcome, behaviour }: Case,
): void {
  const written = suite.testCase().className(clean(name)).name(clean(property))
  if (outcome === 'skip') written.skipped().standardOutput(clean(words))
  if (outcome === 'error') written.error(clean(words), 'error')
  if (outcome !== 'fail') return
  const shown = behaviour === null ? words : `${behaviour.diagram}\n${behaviour.file ?? behaviour.id}\n`
  written.failure(clean(words), 'violated').stacktrace(clean(shown))
}

/** Text without what XML 1.0 cannot contain at all, not even escaped. */
const clean = (text: string): string =>
  text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '?')
    .replaceAll(']]>', ']] >')
