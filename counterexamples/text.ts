/** Widest line of anything that may go into a commit message or a mail. */
export const WIDTH = 75

/** Where a word that is too long for its line may be broken: after these. */
const SOFT = /[(,=|{]/

/**
 * Breaks a text into lines of at most `width` characters, all but the first indented by `hang`. Breaks at
 * spaces, in a word too long for a line after an opening bracket or a comma, and if there is none anywhere.
 */
export function wrap(text: string, width: number, hang = 2): string[] {
  const lines: string[] = []
  let rest = text.trim().replace(/\s+/g, ' ')
  let indent = 0
  while (indent + rest.length > width) {
    const cut = breakAt(rest, Math.max(8, width - indent))
    lines.push(' '.repeat(indent) + rest.slice(0, cut).trimEnd())
    rest = rest.slice(cut).trimStart()
    // A word that just does not fit behind the indent moves to the left rather than being torn.
    indent = Math.max(0, Math.min(hang, width - firstWord(rest)))
  }
  lines.push(' '.repeat(indent) + rest)
  return lines
}

/** Length of what cannot be broken at the start of a text. */
function firstWord(text: string): number {
  const end = text.search(/[ (,=|{]/)
  return end < 0 ? text.length : end + (text[end] === ' ' ? 0 : 1)
}

function breakAt(text: string, room: number): number {
  const space = text.lastIndexOf(' ', room)
  if (space > room / 3) return space
  for (let i = room - 1; i > room / 4; i--) if (SOFT.test(text[i])) return i + 1
  return space > 0 ? space : room
}

/** A paragraph: wrapped, not indented. */
export function paragraph(text: string, width = WIDTH): string[] {
  return wrap(text, width, 0)
}

/** `one`, `one and two`, `one, two and three`. */
export function listed(names: readonly string[]): string {
  if (names.length <= 1) return names.join('')
  return `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`
}

/** A sentence ends with a full stop. */
export function sentence(text: string): string {
  const trimmed = text.trim()
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`
}

/** Rows of cells, every column as wide as its widest cell, two spaces apart; the last is not padded. */
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
