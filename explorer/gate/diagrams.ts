import { commitText } from '../../counterexamples/commit.ts'
import { counterexampleFrom, type Known, type KnownFile } from '../../counterexamples/known-file.ts'
import type { Checker } from '../cli/checker.ts'
import { replayed } from '../cli/counterexamples.ts'

/** Most lines of a diagram, frame and closing sentences excluded, that a commit message should have. */
export const MOST_ROWS = 40

/**
 * The text for a commit message of a counterexample that is kept.
 * @throws InternalError when the model does not allow the behaviour, or nothing is violated.
 */
export function commitTextOf(checker: Checker, file: Pick<KnownFile, 'kernel'>, known: Known): string {
  const { version, modelHash } = checker
  return commitText(replayed(checker, counterexampleFrom(file, known, { tool: version, model: modelHash() })))
}

/** What a mail or a commit message would spoil; empty for a text that can be pasted. */
export function flawsOf(text: string): string[] {
  const lines = text.split('\n')
  return [
    ...(/[^\n -~]/.test(text) ? ['a character that is not printable ASCII'] : []),
    ...lines.flatMap((line, n) => (line.length > 75 ? [`line ${n + 1} has ${line.length} columns`] : [])),
    ...lines.flatMap((line, n) => (/\s$/.test(line) ? [`line ${n + 1} ends with a blank`] : [])),
  ]
}

/** The number of rows from the names of the lanes to the mark of the bug. */
export function rowsIn(text: string): number {
  const lines = text.split('\n')
  const rule = lines.findIndex((line) => /^ +-{4}/.test(line))
  const mark = lines.findIndex((line) => line.includes('<--- '))
  return mark - rule - 1
}
