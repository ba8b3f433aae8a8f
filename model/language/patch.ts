import { match } from 'ts-pattern'
import { ModelError } from './errors.ts'
import type { Entry, Program, Step } from './program.ts'

/**
 * A design is a list of patches on named steps. A name is the step's (or block's) own name, or as much of
 * its path as is needed to tell it from others (`FR.3/ZAP.9`). It applies wherever the name occurs, in
 * every program, or only in programs of the kind given by `only()`.
 */
export type Patch<W> = (
  | { readonly op: 'drop'; readonly name: string }
  | { readonly op: 'move'; readonly name: string; readonly place: Place }
  | { readonly op: 'replace'; readonly name: string; readonly by: readonly Entry<W>[] }
  | { readonly op: 'insert'; readonly entries: readonly Entry<W>[]; readonly place: Place }
) & { readonly in?: string }

/** Directly before or after a named step or block. */
export type Place = { readonly before: string } | { readonly after: string }

/** The step never happens; whoever went to it goes to what follows. */
export function drop<W>(name: string): Patch<W> {
  return { op: 'drop', name }
}

/** The step happens elsewhere in the same list of entries. */
export function move<W>(name: string, place: Place): Patch<W> {
  return { op: 'move', name, place }
}

/** Other entries take the step's place; the first should keep its name if anything jumps to it. */
export function replace<W>(name: string, ...by: readonly Entry<W>[]): Patch<W> {
  return { op: 'replace', name, by }
}

/** New entries before or after a step. */
export function insert<W>(place: Place, ...entries: readonly Entry<W>[]): Patch<W> {
  return { op: 'insert', entries, place }
}

/** The same patch, for programs of one kind only. */
export function only<W>(kind: string, patch: Patch<W>): Patch<W> {
  return { ...patch, in: kind }
}

/** The name a patch hangs on: it must exist somewhere. */
export function anchorOf(patch: Patch<never>): string {
  if (patch.op === 'insert') return placeName(patch.place)
  return patch.name
}

/** One line that says what a patch does, for listings. */
export function describePatch(patch: Patch<never>): string {
  const where = patch.in === undefined ? '' : ` (${patch.in} only)`
  const names = (entries: readonly Entry<never>[]): string => entries.map((e) => e.name).join(', ')
  return (
    match(patch)
      .with({ op: 'drop' }, (p) => `drop ${p.name}`)
      .with({ op: 'move' }, (p) => `move ${p.name} ${describePlace(p.place)}`)
      .with({ op: 'replace' }, (p) => `replace ${p.name} by ${names(p.by)}`)
      .with({ op: 'insert' }, (p) => `insert ${names(p.entries)} ${describePlace(p.place)}`)
      .exhaustive() + where
  )
}

/**
 * Applies patches in order to all programs. A patch for programs of one kind does nothing where no thread
 * of that kind runs: one design serves several scenarios.
 * @throws ModelError naming a step that no program (of the patch's kind) has, or a move that leaves its list.
 */
export function applyPatches<W>(programs: readonly Program<W>[], patches: readonly Patch<W>[]): Program<W>[] {
  let result = [...programs]
  for (const patch of patches) {
    if (patch.in !== undefined && !programs.some((p) => p.kind === patch.in)) continue
    let hits = 0
    result = result.map((p) => {
      if (patch.in !== undefined && patch.in !== p.kind) return p
      return { ...p, entries: rewrite(p.entries, '', patch, () => hits++) }
    })
    if (hits === 0) {
      const where = patch.in === undefined ? 'no program' : `no program of kind ${patch.in}`
      throw new ModelError(
        `patch "${describePatch(patch as Patch<never>)}": ${where} has a step "${anchorOf(patch as Patch<never>)}"`,
      )
    }
  }
  return result
}

const placeName = (place: Place): string => ('before' in place ? place.before : place.after)
const describePlace = (place: Place): string =>
  'before' in place ? `before ${place.before}` : `after ${place.after}`

/** True when `name` is the entry's own name or a suffix of its path at a `/`. */
const named = (path: string, name: string): boolean => path === name || path.endsWith(`/${name}`)

/** A choice holds steps only; what a dropped one leaves behind goes. @throws ModelError for anything else. */
function isStep<W>(entry: Entry<W>, patch: Patch<W>): entry is Step<W> {
  if (entry.kind === 'step') return true
  if (entry.kind === 'block' && entry.entries.length === 0) return false
  throw new ModelError(
    `patch "${describePatch(patch as Patch<never>)}": a choice holds steps only, ${entry.name} is a ${entry.kind}`,
  )
}

function rewrite<W>(
  entries: readonly Entry<W>[],
  prefix: string,
  patch: Patch<W>,
  hit: () => void,
): Entry<W>[] {
  const inner = entries.map((entry): Entry<W> => {
    const path = prefix + entry.name
    if (entry.kind === 'block') return { ...entry, entries: rewrite(entry.entries, `${path}/`, patch, hit) }
    if (entry.kind === 'choice') {
      return { ...entry, steps: rewrite(entry.steps, prefix, patch, hit).filter((e) => isStep(e, patch)) }
    }
    return entry
  })
  const find = (list: readonly Entry<W>[], name: string): number =>
    list.findIndex((e) => named(prefix + e.name, name))
  const anchor = find(inner, anchorOf(patch as Patch<never>))
  if (anchor < 0) return inner
  hit()
  const slot = (list: readonly Entry<W>[], place: Place): number => {
    const at = find(list, placeName(place))
    if (at < 0) {
      throw new ModelError(
        `patch "${describePatch(patch as Patch<never>)}": "${placeName(place)}" is not in the same list of steps`,
      )
    }
    return 'before' in place ? at : at + 1
  }
  return match(patch)
    .with({ op: 'drop' }, () => inner.with(anchor, { kind: 'block', name: inner[anchor].name, entries: [] }))
    .with({ op: 'replace' }, (p) => inner.toSpliced(anchor, 1, ...p.by))
    .with({ op: 'insert' }, (p) => inner.toSpliced(slot(inner, p.place), 0, ...p.entries))
    .with({ op: 'move' }, (p) => {
      const rest = inner.toSpliced(anchor, 1)
      return rest.toSpliced(slot(rest, p.place), 0, inner[anchor])
    })
    .exhaustive()
}
