import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'

/** A position in a built file, as the frames of a stack name it. */
const POSITION = /(file:\/\/[^\s()]+\.mjs):(\d+):(\d+)/g

/**
 * Replaces positions in built files by those in their sources. Maps are read only now, when something went wrong:
 * with Node's --enable-source-maps every start would read them. What has no map stays as it is.
 */
export function withSourcePositions(text: string): string {
  return text.replace(POSITION, (position, file: string, line: string, column: string) => {
    const map = mapOf(file)
    // Stacks count from one, maps from zero.
    const entry = map?.findEntry(Number(line) - 1, Number(column) - 1)
    if (entry === undefined || !('originalSource' in entry)) return position
    const source = fileURLToPath(new URL(entry.originalSource, file))
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
  })
}

function mapOf(file: string): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(new URL(`${file}.map`), 'utf8')))
  } catch {
    // Whatever is wrong with a map, the error that is being reported matters more.
    return null
  }
}
