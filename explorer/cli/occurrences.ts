import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { allProperties, type Catalogue, type Named, titled } from './catalogue.ts'
import { stepsOfAll } from './machines.ts'
import { type Matches, matcherOf, textOf } from './matcher.ts'
import { packageInfo } from './package-info.ts'

/** Something in which a word occurs that is no name: a function, a field, a request, a commit, a CVE, a subject. */
export interface Occurrence {
  readonly kind: 'question' | 'design' | 'difference' | 'scenario' | 'property' | 'step' | 'document'
  readonly name: string
  readonly text: string
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
  const found = new Map<string, Occurrence>()
  for (const { name, text, searched } of stepsOfAll(catalogue))
    if (matches(searched) && !found.has(`${name} ${text}`))
      found.set(`${name} ${text}`, { kind: 'step', name, text })
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
