import type { Io } from '../io.ts'
import { wrapAtSpaces } from '../wrap.ts'

/** A labelled paragraph; with an indent, its further lines are indented twice as far. */
export type Row = readonly [label: string, text: string, indent?: number]

/** A heading and labelled paragraphs; empty ones are left out. */
export type Rows = readonly Row[]

/** Prints what is explained, one text below the other. */
export function print(io: Io, texts: readonly Rows[]): void {
  texts.forEach((rows, index) => {
    if (index > 0) io.out('')
    const [[what, title], ...rest] = rows
    io.out(`${what} ${io.colour.bold(title)}`)
    for (const [label, text, indent = 0] of rest) {
      if (text === '') continue
      const lines = wrapAtSpaces(text, io.width - 13 - 2 * indent)
      lines.forEach((line, i) => {
        io.out(`  ${(i === 0 ? label : '').padEnd(11)}${' '.repeat(i === 0 ? indent : 2 * indent)}${line}`)
      })
    }
  })
}
