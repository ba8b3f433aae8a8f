import { LONGEST_MESSAGE, quoted } from '../../model/language/quoted.ts'
import { withSourcePositions } from './source-positions.ts'

/** What V8 writes below a message. */
const FRAME = /^ {4}at \S/

/** Makes a message safe to print: one line, whatever it contains, then the frames of its stack, if any. */
export function errorLines(text: string): string[] {
  const lines = text.trimEnd().split('\n')
  const last = lines.findLastIndex((line) => !FRAME.test(line))
  const frames = lines.slice(last + 1).map(withSourcePositions)
  return [lines.slice(0, last + 1).join('\n'), ...frames].map((line) => quoted(line, LONGEST_MESSAGE))
}
