/** Widest line of text for commit messages and mails. */
export const WIDTH = 75

/** A word that is too long for its line may be broken after these characters, but not within `()`. */
const SOFT = /^([,=|{]|\((?!\)))/

/**
 * Breaks a text into lines of at most `width` characters, all but the first indented by `hang`. Breaks at spaces; in a
 * word that is too long, after an opening bracket or a comma; failing that, anywhere.
 */
export function wrap(text: string, width: number, hang = 2): string[] {
  return wrapLines(text, width, hang, 0).map(({ indent, text: line }) => ' '.repeat(indent) + line)
}

/** A line, and its indent relative to where the text begins; may be negative. */
export interface Line {
  readonly indent: number
  readonly text: string
}

/** As `wrap`, but a line with a long word may begin up to `slack` columns left of the first line. */
export function wrapLines(text: string, width: number, hang: number, slack: number): Line[] {
  const lines: Line[] = []
  let rest = text.trim().replace(/\s+/g, ' ')
  let indent = Math.max(-slack, Math.min(0, width - firstWord(rest)))
  while (indent + rest.length > width) {
    const cut = breakAt(rest, Math.max(8, width - indent))
    lines.push({ indent, text: rest.slice(0, cut).trimEnd() })
    rest = rest.slice(cut).trimStart()
    // A word that just does not fit moves left rather than being broken.
    indent = Math.max(-slack, Math.min(hang, width - firstWord(rest)))
  }
  lines.push({ indent, text: rest })
  return lines
}

/** Length of the unbreakable start of a text. */
function firstWord(text: string): number {
  const end = text.search(/[ ,=|{]|\((?!\))/)
  if (end < 0) return text.length
  return text[end] === ' ' ? end : end + 1
}

function breakAt(text: string, room: number): number {
  const space = text.lastIndexOf(' ', room)
  if (space > room / 3) return space
  for (let i = room - 1; i > 0; i--) if (SOFT.test(text.slice(i, i + 2))) return i + 1
  return space > 0 ? space : room
}

/** A paragraph: wrapped, not indented. */
export function paragraph(text: string, width = WIDTH): string[] {
  return wrap(text, width, 0)
}

/** `1 step`, `2 steps`, `0 context switches`. */
export function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : what.endsWith('ch') ? 'es' : 's'}`
}

/** `one`, `one and two`, `one, two and three`. */
export function listed(names: readonly string[]): string {
  if (names.length <= 1) return names.join('')
  return `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`
}

/** The text with a full stop at its end. */
export function sentence(text: string): string {
  const trimmed = text.trim()
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`
}

/** Rows of cells in aligned columns, separated by two spaces. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  )
}
