import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { describe, expect, it } from 'vitest'

/**
 * What comments, texts and documents point at is in the repository: documents, files, headings. Outside of it they
 * name the kernel, papers and commits only.
 */

const root = join(import.meta.dirname, '..', '..')
const SKIPPED = new Set(['.git', 'node_modules', 'dist', 'out'])
const TEXT = /\.(?:ts|mts|mjs|cjs|md|json)$/
/** Long, written by programs, and without references. */
const WRITTEN = /(?:^|\/)package-lock\.json$|^explorer\/gate\/baseline\.json$|^counterexamples\/known\//

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesIn(path)
    return entry.isFile() ? [relative(root, path).split(sep).join('/')] : []
  })
}

const files = filesIn(root)
const texts = files
  .filter((file) => TEXT.test(file) && !WRITTEN.test(file))
  // Its examples of references are wrong on purpose.
  .filter((file) => file !== 'explorer/gate/references.test.ts')
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))
const documents = texts.filter(({ file }) => file.endsWith('.md'))

/** The comments of a source file; all of a document. */
const prose = (file: string, text: string): string =>
  file.endsWith('.md')
    ? text
    : text
        .split('\n')
        .filter((line) => /^\s*(?:\/\*\*?|\*|\/\/)/.test(line))
        .join('\n')

/** Documents that a command writes: the report of `mutate --out`. */
const REPORTS = new Set(['properties.md'])

/** A name that ends so is that of a document here, wherever it lies. */
const isDocument = (mention: string): boolean => {
  const name = posix.normalize(mention).replace(/^(?:\.\.?\/)+/, '')
  return REPORTS.has(mention) || files.some((file) => file === name || file.endsWith(`/${name}`))
}

/** Documents that a text mentions and that are not there. */
function lostDocuments(text: string): string[] {
  const mentions = [...text.matchAll(/(?<![\w./*-])[\w./-]*[\w-]\.md\b/g)].map((match) => match[0])
  return mentions.filter((mention) => !isDocument(mention))
}

/** Paths in the repository that a text mentions and that are not there. Patterns and placeholders are no paths. */
function lostPaths(text: string): string[] {
  const mentions = [
    ...text.matchAll(
      /(?<![\w./@-])(?:docs|model|properties|explorer|counterexamples|\.ci)\/[\w./*-]*[\w*/]/g,
    ),
  ].map((match) => match[0])
  return mentions.filter(
    (mention) => !/\*|\.\.\.|\/[A-Z]{2,}(?:\/|\.|$)/.test(mention) && !existsSync(join(root, mention)),
  )
}

/** The anchors of a document's headings, as they are made on the web. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ +(.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )

/** Links of a document that lead to no file, or to no heading of it. */
function brokenLinks(file: string, text: string): string[] {
  const links = [...text.matchAll(/\]\(([^()\s]+)\)/g)].map((match) => match[1])
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false
    const [path, anchor] = link.split('#')
    const to = path === '' ? file : posix.join(dirname(file), path)
    if (to.startsWith('..') || !existsSync(join(root, to))) return true
    if (anchor === undefined) return false
    return statSync(join(root, to)).isDirectory()
      ? true
      : !anchorsOf(readFileSync(join(root, to), 'utf8')).includes(anchor)
  })
}

describe('what is looked for', () => {
  it('is found where it is wrong', () => {
    expect(lostDocuments('see no-such.md 3.1, docs/kvm/nowhere.md and atomicity.md')).toEqual([
      'no-such.md',
      'docs/kvm/nowhere.md',
    ])
    expect(
      lostPaths('`model/machines/zap`, model/nowhere.ts, docs/*.json, properties/ROOM/ID.ts, docs/kvm/x'),
    ).toEqual(['model/nowhere.ts', 'docs/kvm/x'])
    expect(
      brokenLinks(
        'docs/kvm/history.md',
        '[a](atomicity.md) [b](atomicity.md#memory-order) [c](atomicity.md#none) [d](../none.md) [e](../../../x) [f](https://x)',
      ),
    ).toEqual(['atomicity.md#none', '../none.md', '../../../x'])
  })
})

describe('every reference resolves', () => {
  it('to documents', () => {
    expect(texts.length).toBeGreaterThan(500)
    const lost = texts.flatMap(({ file, text }) =>
      lostDocuments(text).map((mention) => `${file}: ${mention}`),
    )
    expect(lost).toEqual([])
  })

  it('to files, in comments and documents', () => {
    const lost = texts.flatMap(({ file, text }) =>
      lostPaths(prose(file, text))
        // Files that the code itself makes, in a folder for tests.
        .filter((path) => !text.includes(`'${path}'`))
        .map((path) => `${file}: ${path}`),
    )
    expect(lost).toEqual([])
  })

  it('of links in documents', () => {
    expect(documents.length).toBeGreaterThan(25)
    expect(
      documents.flatMap(({ file, text }) => brokenLinks(file, text).map((link) => `${file}: ${link}`)),
    ).toEqual([])
  })

  it('to nothing on the machine where it was written', () => {
    expect(
      texts.filter(({ text }) => /(?<![\w.])\/work\/|\.\.\/shared\//.test(text)).map(({ file }) => file),
    ).toEqual([])
  })
})
