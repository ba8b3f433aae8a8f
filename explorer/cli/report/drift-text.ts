import { plural } from '../../../counterexamples/text-layout.ts'
import { quoted, quotedPath } from '../../../model/language/quoted.ts'
import type { Drift, Facts, FoundStep, GoneFunction, WrongOrder } from '../../drift/index.ts'
import type { Io } from '../io.ts'

/** What `mmucheck drift` prints: a line or two for everything that has to be looked at, then the totals. */
export function driftLines(
  drift: Drift,
  facts: Facts,
  tree: string,
  { colour }: Pick<Io, 'colour'>,
): string[] {
  const lines = (kind: string, items: readonly (readonly string[])[]): string[] =>
    items.flatMap(([first, ...rest]) => [
      `${colour.red(kind.padEnd(10))}${first}`,
      ...rest.map((line) => `${' '.repeat(10)}${line}`),
    ])
  return [
    ...lines(
      'unread',
      drift.unread.map(({ path, why }) => [`${quotedPath(path)}: ${quoted(why)}`]),
    ),
    ...lines(
      'changed',
      drift.changed.map((f) => [`${called(f.name)} ${where(f.file, f.line)}`, wasAt(f.was)]),
    ),
    ...lines('gone', drift.gone.map(gone)),
    ...lines(
      'appeared',
      drift.appeared.map((name) => [`${called(name)} exists, and the facts say it does not`]),
    ),
    ...lines(
      'unlisted',
      drift.unlisted.map((name) => [`${called(name)} is cited; the facts lack it`]),
    ),
    ...lines(
      'uncited',
      drift.uncited.map((name) => [`${called(name)} is in the facts; no step cites it`]),
    ),
    ...lines(
      'missing',
      drift.missing.map((m) => [`${called(m.fn)} has no "${quoted(m.statement)}"`, some(m.steps)]),
    ),
    ...lines('order', drift.order.map(orders)),
    ...lines(
      'unanchored',
      drift.unanchored.map((step) => [`step ${step} does not say what it stands for`]),
    ),
    ...(drift.unlisted.length + drift.uncited.length + drift.changed.length === 0
      ? []
      : ['After reading what changed, write the facts anew: mmucheck drift --kernel DIR --update']),
    ...totals(drift, facts, tree),
  ]
}

function totals(drift: Drift, facts: Facts, tree: string): string[] {
  const found = [
    `${plural(drift.unchanged, 'function')} unchanged`,
    `${drift.changed.length} changed`,
    `${drift.gone.length} gone`,
    `${drift.explained.length} absent with a reason`,
  ]
  const anchors = [`${plural(drift.anchors, 'anchor')} found`, `${drift.missing.length} missing`]
  return [
    `mmucheck: ${quotedPath(tree)} against Linux ${quoted(facts.version)} (${quoted(facts.release)})`,
    `mmucheck: ${[...found, ...anchors, `${drift.order.length} out of order`].join(', ')}`,
  ]
}

/** Steps shown of those that share a statement. */
const MOST_STEPS = 3

const some = (steps: readonly string[]): string =>
  steps.length <= MOST_STEPS
    ? steps.join(', ')
    : `${steps.slice(0, MOST_STEPS).join(', ')} and ${steps.length - MOST_STEPS} more`

const called = (name: string): string => `${quoted(name)}()`

const where = (file: string, line: number): string => `${quotedPath(file)}:${line}`

const wasAt = (was: GoneFunction['was']): string =>
  `read at ${was.map(({ file, line }) => where(file, line)).join(', ')}`

function gone({ name, was, unparsed }: GoneFunction): string[] {
  return [
    was.length === 0
      ? `${called(name)} is not in the tree, and the facts do not say why`
      : `${called(name)} ${wasAt(was)}`,
    ...unparsed.map(({ file, line }) => `${where(file, line)} does not parse: it may be there`),
  ]
}

function orders({ fn, file, line, model, source }: WrongOrder): string[] {
  return [`${called(fn)} ${where(file, line)}`, 'model', ...model.map(step), 'C', ...source.map(step)]
}

const step = ({ step: name, statement, line }: FoundStep): string =>
  `  ${String(line).padStart(5)} ${name}  ${quoted(statement)}`
