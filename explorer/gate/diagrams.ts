import { commitText } from '../../counterexamples/commit.ts'
import { counterexampleFrom, type Known, type KnownFile } from '../../counterexamples/known-file.ts'
import type { Checker } from '../cli/checker.ts'
import { replayed } from '../cli/counterexamples.ts'

/** Most lines of a diagram, frame and closing sentences excluded, that a commit message should have. */
export const MOST_ROWS = 40

/** A counterexample as it would stand in a commit message. */
export interface CommitDiagram {
  readonly text: string
  readonly rows: number
  /** Why it should not be pasted. */
  readonly flaws: readonly string[]
}

/**
 * Draws a counterexample that is kept.
 * @throws InternalError when the model does not allow the behaviour, or nothing is violated.
 */
export function commitDiagram(
  checker: Checker,
  file: Pick<KnownFile, 'kernel'>,
  known: Known,
): CommitDiagram {
  const { version, modelHash } = checker
  const again = replayed(checker, counterexampleFrom(file, known, { tool: version, model: modelHash() }))
  const text = commitText(again)
  const stops = again.property.kind === 'progress' && again.wayOn === null
  return {
    text,
    rows: rowsIn(text),
    flaws: [...flawsOf(text), ...(stops ? ['does not say how it continues out of reach of the goal'] : [])],
  }
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
