import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry, Program } from '../../model/language/program.ts'
import { allProperties, type Catalogue, type Named, titled } from './catalogue.ts'
import { programsIn } from './machines.ts'
import { packageInfo } from './package-info.ts'

/** Something in which a word occurs that is no name: a function, a field, a request, a commit, a CVE, a subject. */
export interface Occurrence {
  readonly kind: 'question' | 'design' | 'difference' | 'scenario' | 'property' | 'step' | 'document'
  readonly name: string
  readonly text: string
}

/** Decides whether a text contains a word. */
export type Matches = (text: string) => boolean

/**
 * How a word is looked for. A commit is found by its first seven digits, in whichever length it is written; a request
 * with and without KVM_REQ_; a function with and without parentheses; words whole, several of them as they stand.
 */
export function matcherOf(word: string): Matches {
  const wanted = word.trim().toLowerCase().replace(/\(\)$/, '')
  if (/^[0-9a-f]{7,40}$/.test(wanted) && /\d/.test(wanted))
    return (text) =>
      (text.toLowerCase().match(/\b[0-9a-f]{7,40}\b/g) ?? []).some(
        (commit) => commit.startsWith(wanted) || wanted.startsWith(commit),
      )
  const bare = wanted.replace(/^kvm_req_(?:mmu_)?(?=\w)/, '')
  const escaped = bare.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const pattern = new RegExp(`(?<![a-z0-9])(?:kvm_req_(?:mmu_)?)?${escaped}(?![a-z0-9_])`, 'i')
  return (text) => pattern.test(text)
}

/** All text of an object, one value per line. */
export const textOf = (value: unknown): string => {
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  // The source of a function that prints a statement contains its fixed parts.
  if (typeof value === 'function') return String(value)
  return typeof value === 'object' && value !== null ? Object.values(value).map(textOf).join('\n') : ''
}

/** Everything in which a word occurs, in the order of listings. */
export function occurrencesOf(catalogue: Catalogue, word: string): Occurrence[] {
  const matches = matcherOf(word)
  const among = <T extends Named & { readonly title: string }>(
    kind: Occurrence['kind'],
    all: readonly T[],
    texts: (item: T) => readonly unknown[],
  ): Occurrence[] =>
    all
      .filter((item) => matches(textOf([item.id, item.aliases ?? [], item.title, ...texts(item)])))
      .map((item) => ({ kind, name: titled(item), text: item.title }))
  const differences = new Map(
    (catalogue.kernels ?? []).flatMap(({ undone }) => undone.map((each) => [each.id, each] as const)),
  )
  return [
    ...among('question', catalogue.questions ?? [], ({ question, answer }) => [question, answer]),
    ...among('design', catalogue.designs, ({ about, kernel }) => [about, kernel]),
    ...among('difference', [...differences.values()], ({ about, commit, since, function: fn }) => [
      about,
      commit,
      since,
      fn,
    ]),
    ...among('scenario', catalogue.scenarios, ({ about }) => [about]),
    ...among('property', allProperties(catalogue), ({ when, consequence, reference }) => [
      when,
      consequence,
      reference,
    ]),
    ...stepsWith(catalogue, matches),
    ...documentsWith(catalogue, matches),
  ]
}

/** Steps by function, statement and anchor; one that stands in several places once. */
function stepsWith(catalogue: Catalogue, matches: Matches): Occurrence[] {
  const found = new Map<string, Occurrence & { readonly kind: 'step' }>()
  const visit = ({ kind }: Program<never>, entry: Entry<never>): void => {
    if (entry.kind === 'landing') return
    if (entry.kind === 'block') {
      for (const each of entry.entries) visit({ kind } as Program<never>, each)
    } else if (entry.kind === 'choice') {
      for (const each of entry.steps) visit({ kind } as Program<never>, each)
    } else {
      const { fn, shows, c } = entry.about
      if (!matches(textOf([entry.name, fn, shows, c]))) return
      const name = `${kind}.${entry.name}`
      const statement = typeof shows === 'string' ? shows : typeof c === 'string' ? c : ''
      const text = [...(fn === undefined ? [] : [`${fn}()`]), ...(statement === '' ? [] : [statement])].join(
        ': ',
      )
      if (!found.has(`${name} ${text}`)) found.set(`${name} ${text}`, { kind: 'step', name, text })
    }
  }
  for (const program of new Set(programsIn(catalogue)))
    for (const entry of program.entries) visit(program, entry)
  return [...found.values()]
}

/** Rows of tables in the documents about the model, which know more bugs than there are designs. */
function documentsWith({ documents }: Catalogue, matches: Matches): Occurrence[] {
  if (documents === undefined) return []
  const folder = join(packageInfo().root, documents)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .sort()
    .flatMap((file) =>
      readFileSync(join(folder, file), 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('| ') && matches(line))
        .map((line): Occurrence => {
          const cells = line
            .split(/(?<!\\)\|/)
            .map((cell) => cell.trim())
            .filter((cell) => cell !== '')
          return {
            kind: 'document',
            name: `${documents}/${file}`,
            text: cells.join('; ').replaceAll('`', ''),
          }
        }),
    )
}
