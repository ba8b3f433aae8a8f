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
 * Replaces positions in built files by those in their sources. Maps are read only now, when something went wrong:
 * with Node's --enable-source-maps every start would read them. What has no map stays as it is.
 */
export function withSourcePositions(text: string): string {
  return text.replace(POSITION, (position, url: string, line: string, column: string) => {
    // Stacks count from one.
    const found = sourcePosition(url, Number(line) - 1, Number(column) - 1)
    return found === null ? position : `${found.file}:${found.line + 1}:${found.column + 1}`
  })
}

/** The place in the sources of a place in a built file, or null when its map does not tell. */
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
    // Whatever is wrong with a map, the error that is being reported matters more.
    return null
  }
}
