import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'

/** A position in a built file, as the frames of a stack name it. */
const POSITION = /(file:\/\/[^\s()]+\.mjs):(\d+):(\d+)/g

/** A place in a source file; lines and columns count from zero. */
export interface SourcePosition {
  readonly file: string
  readonly line: number
  readonly column: number
}

/**
 * Replaces positions in built files by those in their sources; what has no source map stays as it is. The maps are only
 * read when there is an error to report: Node's --enable-source-maps would read them at every start.
 */
export function withSourcePositions(text: string): string {
  return text.replace(POSITION, (position, url: string, line: string, column: string) => {
    // Stacks count from one.
    const found = sourcePosition(url, Number(line) - 1, Number(column) - 1)
    return found === null ? position : `${found.file}:${found.line + 1}:${found.column + 1}`
  })
}

/** The position in the sources for a position in a built file, or null if its source map has none. */
export function sourcePosition(url: string, line: number, column: number): SourcePosition | null {
  const entry = mapOf(url)?.findEntry(line, column)
  if (entry === undefined || !('originalSource' in entry)) return null
  const file = fileURLToPath(new URL(entry.originalSource, url))
  return { file, line: entry.originalLine, column: entry.originalColumn }
}

const maps = new Map<string, SourceMap | null>()

function mapOf(url: string): SourceMap | null {
  const known = maps.get(url)
  if (known !== undefined) return known
  const map = readMap(url)
  maps.set(url, map)
  return map
}

function readMap(url: string): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(new URL(`${url}.map`), 'utf8')))
  } catch {
    // A bad source map must not hide the error that is being reported.
    return null
  }
}
