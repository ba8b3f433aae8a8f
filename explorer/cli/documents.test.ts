import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { effort } from '../testing/effort.ts'
import { catalogue } from './kvm-catalogue.ts'
import { MAIN } from './testing/built-programs.ts'

/** The examples of the documents are real: each command is run, and what is printed below it must be its output. */

const root = join(import.meta.dirname, '../..')

/** All documents at the top and in docs/. */
const DOCUMENTS = [
  ...readdirSync(root),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
]
  .filter((name) => name.endsWith('.md'))
  .sort()

/** From a commit to an entry of the museum. */
const MUSEUM = join('docs', 'museum.md')

interface Example {
  readonly command: string
  readonly printed: readonly string[]
}

/** Commands of a document with the output printed below each. */
function examplesIn(document: string): Example[] {
  const text = readFileSync(join(root, document), 'utf8')
  return [...text.matchAll(/^```console\n([\s\S]*?)^```/gm)].flatMap(([, block]) =>
    block
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
    expect(found, `shows a line that is not printed: ${line}`).toBeGreaterThanOrEqual(0)
    if (!gap) expect(found, `leaves lines out before: ${line}`).toBe(at)
    gap = false
    at = found + 1
  }
}

const isRunnable = ({ command }: Example): boolean => /^(npx mmucheck|cat) /.test(command)

/** What `npm test` leaves to `npm run test:long`: the museum, which searches for long, and all but the README. */
const isLong = (document: string, { command }: Example): boolean =>
  document !== 'README.md' || command.startsWith('npx mmucheck museum')

/** The examples of a document that are run here. */
const examplesRun = (document: string): Example[] =>
  examplesIn(document)
    .filter(isRunnable)
    .filter((example) => effort(0, 1) === 1 || !isLong(document, example))

it('the README begins with the two commands', () => {
  expect(
    examplesIn('README.md')
      .slice(0, 2)
      .map(({ command }) => command),
  ).toEqual(['npm start', 'npm test'])
})

it('the README stays short: what is longer belongs in docs/', () => {
  expect(readFileSync(join(root, 'README.md'), 'utf8').split('\n').length).toBeLessThanOrEqual(125)
})

describe.each(DOCUMENTS.filter((document) => examplesRun(document).length > 0))('%s', (document) => {
  const folder = mkdtempSync(join(tmpdir(), 'mmucheck-documents-'))
  mkdirSync(join(folder, 'docs'))
  symlinkSync(join(root, 'docs', 'examples'), join(folder, 'docs', 'examples'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it.each(examplesRun(document))('prints what it says: $command', ({ command, printed }) => {
    const line = command.replace(/^npx mmucheck/, `"${process.execPath}" "${MAIN}"`)
    const { stdout, stderr } = spawnSync(line, {
      cwd: folder,
      shell: true,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    })
    expectPrinted(printed, `${stdout}${stderr}`.split('\n').map(timeless))
  })
})

it('finds examples in the README and in the documents', () => {
  expect(DOCUMENTS.flatMap(examplesIn).filter(isRunnable).length).toBeGreaterThan(8)
})

describe('the museum', () => {
  const read = (file: string): string => readFileSync(join(root, file), 'utf8')
  const bugs = catalogue.designs.filter(({ status }) => status === 'bug')

  it('has as many bugs as the README says', () => {
    const said = examplesIn('README.md').filter(({ command }) => command.startsWith('npx mmucheck museum'))
    expect(said).toHaveLength(1)
    const now = `found ${bugs.length} of ${bugs.length}, `
    expect(said[0].printed[0], 'run npx mmucheck museum --quiet, and copy its line').toContain(now)
  })

  it('shows an entry of under 30 lines as it is in the source', () => {
    const [, file] = /in `(model\/designs\/[\w/-]+\.ts)`:/.exec(read(MUSEUM)) ?? []
    const [, entry] = /^```ts\n([\s\S]*?)^```/m.exec(read(MUSEUM)) ?? []
    expect(entry.split('\n').length - 1).toBeLessThan(30)
    expect(read(file)).toContain(entry.replace(/^(?=.)/gm, '  '))
  })
})
