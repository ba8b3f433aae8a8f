import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** The text of a log in model/trace/logs/: `s12_rootzap`. */
export function logText(name: string): string {
  return gunzipSync(readFileSync(join(import.meta.dirname, '..', 'logs', `${name}.txt.gz`))).toString(
    'latin1',
  )
}

/** The same log cut off after some of its events, with a header that says so. */
export function logUpTo(text: string, events: number): string {
  const lines = text.split('\n')
  const header = lines.filter((line) => line.startsWith('#'))
  const kept = lines.filter((line) => line !== '' && !line.startsWith('#')).slice(0, events)
  return withCount([...header, ...kept])
}

/** The lines of a log, with a header that counts its events. */
export function withCount(lines: readonly string[]): string {
  const events = lines.filter((line) => !line.startsWith('#')).length
  const counted = lines.map((line) =>
    line.startsWith('# entries-in-buffer')
      ? `# entries-in-buffer/entries-written: ${events}/${events}   #P:3`
      : line,
  )
  return `${counted.join('\n')}\n`
}
