import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

/**
 * The words of docs/glossary.md are used, and not the ones that they replace. Only words that have no other meaning
 * in this repository are looked for; what users have (ids, step names, JSON fields) is quoted and may keep them.
 */

const root = join(import.meta.dirname, '..', '..')

/** Words, and what to say instead. */
const REPLACED: readonly (readonly [words: RegExp, instead: string])[] = [
  [/\b(?:whoever|somebody|nobody)\b/i, 'name the code, or use the passive'],
  [/\bfor ever\b/i, 'forever, or say until when'],
  [/\bin hand\b/i, 'current'],
  [/\bis said once\b/i, 'say where'],
  // The section of a checkpoint keeps its name.
  [/\b(?:Genealogy|genealogies)\b|\bgenealog(?!y\b)/, 'parent table'],
  [/\binheritances?\b/i, 'successor cache'],
  [/\bslates?\b|\btoy checker\b/i, 'naive reference checker'],
  [/\bpatience\b/i, 'budget'],
  [/\bhard stores?\b/i, 'stores KVM cannot emulate'],
  [/\blost with (?:a )?probability\b/i, 'omission probability'],
  [/\ba thread is enough\b/i, 'singleton persistent set'],
]

/** Files that quote the old words: the glossary, this list, and what was written or measured before. */
const QUOTES =
  /^(?:docs\/glossary\.md|CHANGELOG\.md|explorer\/gate\/words\.test\.ts|explorer\/bench\/results\.md)$/

const { stdout } = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
const files = stdout
  .split('\n')
  .filter((name) => /\.(?:ts|mjs|cjs|md|grit)$/.test(name) && !QUOTES.test(name))

/** Lines in which a word is used that was replaced. */
function replacedIn(text: string): string[] {
  return text.split('\n').flatMap((line, n) =>
    REPLACED.filter(([words]) => words.test(line)).map(([words, instead]) => {
      return `line ${n + 1}: "${words.exec(line)?.[0]}": ${instead}`
    }),
  )
}

describe('the words of the glossary', () => {
  it('are used in code, comments, texts and documents', () => {
    expect(files.length).toBeGreaterThan(500)
    const found = files.flatMap((file) => {
      return replacedIn(readFileSync(join(root, file), 'utf8')).map((line) => `${file} ${line}`)
    })
    expect(found).toEqual([])
  })

  it('are missed where an old one stands', () => {
    expect(replacedIn('// For whoever reads it.\nfine\nclass Genealogy {}')).toHaveLength(2)
  })
})
