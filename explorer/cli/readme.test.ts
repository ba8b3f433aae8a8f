import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { MAIN } from './tiny/built.ts'

const root = join(import.meta.dirname, '../..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'mmucheck-readme-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Fenced blocks of one kind, with the text of the line before each (a file name, for files). */
function blocks(kind: string): { readonly before: string; readonly text: string }[] {
  const pattern = new RegExp(`([^\\n]*)\\n\\n?\`\`\`${kind}\\n([\\s\\S]*?)\`\`\``, 'g')
  return [...readme.matchAll(pattern)].map(([, before, text]) => ({ before, text }))
}

/** Commands of a console block with the output printed below each. */
function examples(): { readonly command: string; readonly printed: string[] }[] {
  return blocks('console').flatMap(({ text }) =>
    text
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command, ...printed] = part.trimEnd().split('\n')
        return { command, printed }
      }),
  )
}

/** Seconds differ from run to run; everything else must not. */
const timeless = (line: string): string => line.replace(/\d+\.\d+ s\b/g, 'N s').trimEnd()

/** The printed lines occur in the output in this order; `[...]` stands for any lines left out. */
function expectPrinted(printed: readonly string[], output: readonly string[]): void {
  let at = 0
  let gap = true
  for (const line of printed.map(timeless)) {
    if (line === '[...]') {
      gap = true
      continue
    }
    const found = output.indexOf(line, at)
    expect(found, `README shows a line that is not printed: ${line}`).toBeGreaterThanOrEqual(0)
    if (!gap) expect(found, `README leaves lines out before: ${line}`).toBe(at)
    gap = false
    at = found + 1
  }
}

const files = [...blocks('json'), ...blocks('ts')]
for (const { before, text } of files) {
  const name = /`([\w.-]+\.json)`:?$/.exec(before)?.[1]
  if (name !== undefined) writeFileSync(join(folder, name), text)
}

describe('the README', () => {
  it('begins with the two commands', () => {
    const first = blocks('console')[0]
      .text.split('\n')
      .filter((line) => line.startsWith('$ '))
    expect(first.slice(0, 2)).toEqual(['$ npm start', '$ npm test'])
  })

  const runnable = examples().filter(({ command }) => command.startsWith('npx mmucheck'))
  it('has examples', () => expect(runnable.length).toBeGreaterThan(4))

  it.each(runnable)('prints what it says: $command', ({ command, printed }) => {
    const line = command.replace(/^npx mmucheck/, `"${process.execPath}" "${MAIN}"`)
    const done = spawnSync(line, {
      cwd: folder,
      shell: true,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    })
    const output = `${done.stdout}${done.stderr}`.split('\n').map(timeless)
    expectPrinted(printed, output)
  })
})
