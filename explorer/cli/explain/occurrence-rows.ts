import { quoted } from '../../../model/language/quoted.ts'
import { boundOptionsOf } from '../bound-options.ts'
import { namedIn, namesOf } from '../catalogue.ts'
import type { CommandContext } from '../command-context.ts'
import { LISTS } from '../commands/list.ts'
import { UsageError } from '../errors.ts'
import type { Machine } from '../machines.ts'
import { unknownName } from '../nearest.ts'
import { blocksOf } from './paths.ts'
import type { Row, Rows } from './rows.ts'

/** Most lines of a kind that are listed. */
const MOST_LISTED = 20

/** Where a word occurs that is no name. @throws UsageError if it occurs nowhere, with the nearest name. */
export async function occurrenceRows(
  context: CommandContext,
  machines: readonly Machine[],
  word: string,
): Promise<Rows> {
  // Only for words that are no names.
  const { occurrencesOf } = await import('../occurrences.ts')
  const found = LISTS.some((list) => list === word.toLowerCase())
    ? []
    : occurrencesOf(context.catalogue, word)
  if (found.length === 0) throw new UsageError(unknown(context, machines, word))
  const kinds = [...new Set(found.map(({ kind }) => kind))]
  return [
    ['word', quoted(word)],
    ...kinds.flatMap((kind): Row[] => {
      const all = found.filter((each) => each.kind === kind)
      const listed = all
        .slice(0, MOST_LISTED)
        .map(({ name, text }) => (text === '' ? name : `${name}: ${text}`))
      const more = all.length - listed.length
      return [...listed, ...(more > 0 ? [`and ${more} more`] : [])].map(
        (text, n): Row => [n === 0 ? kind : '', text],
      )
    }),
    ['next', 'mmucheck explain NAME, with one of these names'],
  ]
}

function unknown(context: CommandContext, machines: readonly Machine[], name: string): string {
  const list = LISTS.find((each) => each === name.toLowerCase())
  return list === undefined
    ? unknownName(null, name, allNames(context, machines))
    : `nothing is called "${quoted(name)}"; it is a list: mmucheck list ${list}`
}

function allNames({ catalogue }: CommandContext, machines: readonly Machine[]): string[] {
  const paths = machines.flatMap((m) => [...m.paths])
  return [
    ...namesOf([...namedIn(catalogue), ...machines, ...boundOptionsOf(catalogue)]),
    ...paths.flatMap((path) => [path, path.slice(path.lastIndexOf('/') + 1), ...blocksOf(path)]),
  ]
}
