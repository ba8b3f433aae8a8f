/** Default limit on the characters of foreign text that are shown. */
const MOST = 200

/** Limit on the characters of a message, which may contain paths. */
export const LONGEST_MESSAGE = 10_000

/** PATH_MAX of Linux, in bytes. */
const LONGEST_PATH = 4096

/**
 * Control characters (C0, C1, DEL), bidirectional and zero-width characters, separators of lines and paragraphs,
 * every space but U+0020, lone surrogates, and unassigned code points.
 */
const UNPRINTABLE = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Makes foreign text safe to print: names, titles and keys from files, arguments, paths, messages of other
 * programs. The result is one line of visible characters and plain spaces, of at most `most` characters. A cut is
 * marked with the length of the whole text. Idempotent.
 * @param most characters of the result; at least 40.
 */
export function quoted(text: string, most = MOST): string {
  const pieces: string[] = []
  let length = 0
  for (const character of text) {
    const piece = character === ' ' || !UNPRINTABLE.test(character) ? character : escaped(character)
    pieces.push(piece)
    length += piece.length
    if (length > most) return cut(pieces, length, most, `... (${text.length} characters)`)
  }
  return pieces.join('')
}

/** Makes a path safe to print. A cut path is of no use, so the limit is that of the system. */
export const quotedPath = (path: string): string => quoted(path, LONGEST_PATH)

/** Indented JSON for a terminal or a file, with unprintable characters escaped. It parses to the same value. */
export function printableJson(value: unknown): string {
  const units = (character: string): string =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${hex(character.charCodeAt(i)).padStart(4, '0')}`,
    ).join('')
  return JSON.stringify(value, null, 2).replace(new RegExp(UNPRINTABLE, 'gu'), (character) =>
    character === '\n' || character === ' ' ? character : units(character),
  )
}

function cut(pieces: string[], length: number, most: number, mark: string): string {
  for (let rest = length; rest + mark.length > most; ) rest -= pieces.pop()?.length ?? rest
  return pieces.join('') + mark
}

const escaped = (character: string): string =>
  SHORT[character] ?? `\\u{${hex(character.codePointAt(0) as number)}}`

const hex = (number: number): string => number.toString(16)
