/** Characters of foreign text that are shown at most, unless a caller says otherwise. */
const MOST = 200

/** Characters of a whole message, which may hold paths. */
export const LONGEST_MESSAGE = 10_000

/** Longest path that Linux takes, in bytes. */
const LONGEST_PATH = 4096

/**
 * Controls (C0, C1, DEL), bidirectional and zero-width characters, separators of lines and paragraphs, every space
 * but the plain one, lone surrogates, and what Unicode has not assigned.
 */
const UNPRINTABLE = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Foreign text as it may be printed: names, titles and keys from files, arguments, paths, messages of other
 * programs. The result is one line, each of its characters is visible or a plain space, and it has at most `most`
 * characters. What is left out is marked with the length of the whole. Quoting twice changes nothing.
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

/** A path as it may be printed; a cut path would be of no use, so the limit is that of the system. */
export const quotedPath = (path: string): string => quoted(path, LONGEST_PATH)

/** JSON text, indented, for a terminal or a file: the same value, but what is not printable is escaped. */
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
