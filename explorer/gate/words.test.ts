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
  [/\bso many\b/i, 'name the number'],
  // "The SPTE goes on the rmap" is something else.
  [/\bgo(?:es|ing)? on\b(?! (?:the|its) )/i, 'continue, resume'],
  // At the end of a phrase: "one of its own pages" is something else.
  [/\bof (?:its|their) own(?=\s*(?:$|[^\s\w])|\s+(?:to|has|have|get|in|and|is|are)\b)/i, 'separate'],
  [/\bhand(?:s|ed) on\b/i, 'pass on'],
  [/\bsome day\b/i, 'eventually'],
  // Ids have dashes.
  [/(?<!-)\bapart\b(?!-)/i, 'distinguish, separate, except'],
  // Two steps have the name, as in `ZAP.9 told`.
  [/(?<!-|\.\d )\btold\b(?!-)/i, 'reported; of a vCPU: request sent'],
  [/\bstuck\b/i, 'terminal state'],
  [/\bsightings?\b/i, 'partial monitor'],
  [/\b(?:Codes|codesOf|lastCodes)\b/, 'encoded values'],
  [/\btake(?:n)?Back\b/, 'restore a state'],
  // Checkpoints of earlier versions have a member of this name.
  [/(?<!['`.])\bmanner\b/i, 'search configuration'],
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

  it.each([
    ['// For whoever reads it.\nfine\nclass Genealogy {}', 2],
    ['A search that goes on.\nIt goes on the rmap.\nTo go on, resume.', 2],
    ["a page of its own\na lane of their own, here\none of its own pages\nof-its-own, 'of its own'", 3],
    ['names told apart\nspte-told-apart\nthe step `ZAP.9 told`', 2],
    ['so many bytes, in a manner\nmeta.manner', 2],
    ['store: Codes\nexit codes', 1],
  ])('are missed where an old one stands: %j', (text, count) => {
    expect(replacedIn(text)).toHaveLength(count)
  })
})
