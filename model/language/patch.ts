import { match } from 'ts-pattern'
import { ModelError } from './errors.ts'
import { jumpsTo } from './machine.ts'
import { calledIn, type Entry, landing, type Program, type Step } from './program.ts'

/**
 * A design is a list of patches on named steps. A name is the step's (or block's) own name, or as much of
 * its path as is needed to tell it from others (`FR.3/ZAP.9`). It applies wherever the name occurs, in
 * every program, or only in programs of the kind given by `only()`.
 *
 * A patch changes steps, not the targets of jumps: a name that others jump to is a label in front of the step,
 * as in C. Entries inserted before the step come after its label, so jumps land on them; a step that is dropped
 * or replaced leaves its label where it was. Jumps from inside the step (or block) itself, and from the new
 * entries, go to the step itself. Entries inserted after a step are reached only by falling off the step.
 * Entries that are new at a place are called in the functions that the entry there is called in (`inFunction()`).
 */
export type Patch<W> = (
  | { readonly op: 'drop'; readonly name: string }
  | { readonly op: 'move'; readonly name: string; readonly place: Place; readonly jumps?: Jumps }
  | { readonly op: 'replace'; readonly name: string; readonly by: readonly Entry<W>[] }
  | { readonly op: 'insert'; readonly entries: readonly Entry<W>[]; readonly place: Place }
  | { readonly op: 'copy'; readonly name: string; readonly place: Place; readonly as?: string }
) & { readonly in?: string; readonly optional?: boolean }

/** Directly before or after a named step or block. */
export type Place = { readonly before: string } | { readonly after: string }

/** Where jumps to a moved step land: on the moved step, or at its old place. */
export type Jumps = 'follow' | 'stay'

/** One place that a patch changes. */
export interface PatchPlace<W> {
  /** Kind of the program, `vcpu`. */
  readonly machine: string
  /** Path of the entry that the patch names, `FR.3/ZAP.8`. */
  readonly path: string
  /** That entry, as it was before the patch. */
  readonly entry: Entry<W>
  /** False for a move to where the entry is already. */
  readonly changes: boolean
}

/** The step never happens; jumps to it land on what follows. */
export function drop<W>(name: string): Patch<W> {
  return { op: 'drop', name }
}

/**
 * The step happens elsewhere in the same list of entries.
 * @param jumps where jumps to the step land; required where other steps jump to it.
 */
export function move<W>(name: string, place: Place, jumps?: Jumps): Patch<W> {
  return { op: 'move', name, place, ...(jumps === undefined ? {} : { jumps }) }
}

/** Other entries take the step's place; jumps to it land on the first of them. */
export function replace<W>(name: string, ...by: readonly Entry<W>[]): Patch<W> {
  return { op: 'replace', name, by }
}

/** New entries before or after a step. */
export function insert<W>(place: Place, ...entries: readonly Entry<W>[]): Patch<W> {
  return { op: 'insert', entries, place }
}

/**
 * A step of the same program happens once more, before or after another one.
 * @param as name of the copy; required where the step stands beside it.
 */
export function copy<W>(name: string, place: Place, as?: string): Patch<W> {
  return { op: 'copy', name, place, ...(as === undefined ? {} : { as }) }
}

/** The same patch, for programs of one kind only. */
export function only<W>(kind: string, patch: Patch<W>): Patch<W> {
  return { ...patch, in: kind }
}

/** The same patches, without effect where no program has the step: one list for scenarios with and without it. */
export function whereFound<W>(...patches: readonly Patch<W>[]): readonly Patch<W>[] {
  return patches.map((patch) => ({ ...patch, optional: true }))
}

/** The name that a patch refers to, which must exist unless the patch is optional. */
export function anchorOf(patch: Patch<never>): string {
  if (patch.op === 'insert' || patch.op === 'copy') return placeName(patch.place)
  return patch.name
}

/** One line that says what a patch does, for listings. */
export function describePatch(patch: Patch<never>): string {
  const where = patch.in === undefined ? '' : ` (${patch.in} only)`
  const names = (entries: readonly Entry<never>[]): string => entries.map((e) => e.name).join(', ')
  return (
    match(patch)
      .with({ op: 'drop' }, (p) => `drop ${p.name}`)
      .with({ op: 'move' }, (p) => `move ${p.name} ${describePlace(p.place)}${describeJumps(p.jumps)}`)
      .with({ op: 'replace' }, (p) => `replace ${p.name} by ${names(p.by)}`)
      .with({ op: 'insert' }, (p) => `insert ${names(p.entries)} ${describePlace(p.place)}`)
      .with(
        { op: 'copy' },
        (p) =>
          `insert ${p.name}${p.as === undefined ? '' : ` as ${p.as}`} once more ${describePlace(p.place)}`,
      )
      .exhaustive() + where
  )
}

/**
 * Applies patches in order to all programs. A patch for programs of one kind has no effect if there is no thread
 * of that kind, so that one design serves several scenarios.
 * @throws ModelError naming a step that no program (of the patch's kind) has, a move that leaves its list, or
 *   a move of a step that others jump to without `jumps`.
 */
export function applyPatches<W>(programs: readonly Program<W>[], patches: readonly Patch<W>[]): Program<W>[] {
  return tracePatches(programs, patches).programs
}

/**
 * As `applyPatches`, and reports what each patch changed.
 * @returns the programs, and for each patch its places in the order of the programs; none for a patch of
 *   another kind of program.
 */
export function tracePatches<W>(
  programs: readonly Program<W>[],
  patches: readonly Patch<W>[],
): { readonly programs: Program<W>[]; readonly places: readonly (readonly PatchPlace<W>[])[] } {
  let result = [...programs]
  const places = patches.map((patch) => {
    if (patch.in !== undefined && !programs.some((p) => p.kind === patch.in)) return []
    const hits: PatchPlace<W>[] = []
    result = result.map((program) => {
      if (patch.in !== undefined && patch.in !== program.kind) return program
      return { ...program, entries: rewrite(program.entries, '', { program, patch, hits }) }
    })
    if (hits.length === 0 && patch.optional !== true) {
      const where = patch.in === undefined ? 'no program' : `no program of kind ${patch.in}`
      throw wrong(patch, `${where} has a step "${anchorOf(patch as Patch<never>)}"`)
    }
    return hits
  })
  return { programs: result, places }
}

const placeName = (place: Place): string => ('before' in place ? place.before : place.after)
const describePlace = (place: Place): string =>
  'before' in place ? `before ${place.before}` : `after ${place.after}`
const describeJumps = (jumps: Jumps | undefined): string =>
  jumps === undefined ? '' : `, jumps to it ${jumps === 'follow' ? 'follow' : 'stay where it stood'}`

const wrong = <W>(patch: Patch<W>, why: string): ModelError =>
  new ModelError(`patch "${describePatch(patch as Patch<never>)}": ${why}`)

/** Whether `name` is the entry's own name or a suffix of its path at a `/`. */
const named = (path: string, name: string): boolean => path === name || path.endsWith(`/${name}`)

/** Whether an entry stays in a choice: steps do, dropped ones and labels do not. @throws ModelError for others. */
function isStep<W>(entry: Entry<W>, patch: Patch<W>): entry is Step<W> {
  if (entry.kind === 'step') return true
  if (entry.kind === 'landing' || (entry.kind === 'block' && entry.entries.length === 0)) return false
  throw wrong(patch, `a choice holds steps only, ${entry.name} is a ${entry.kind}`)
}

/** The application of a patch to a program. */
interface Rewriting<W> {
  readonly program: Program<W>
  readonly patch: Patch<W>
  /** Collects every place that the patch names. */
  readonly hits: PatchPlace<W>[]
}

function rewrite<W>(entries: readonly Entry<W>[], prefix: string, rewriting: Rewriting<W>): Entry<W>[] {
  const { program, patch, hits } = rewriting
  const inner = entries.map((entry): Entry<W> => {
    const path = prefix + entry.name
    if (entry.kind === 'block') return { ...entry, entries: rewrite(entry.entries, `${path}/`, rewriting) }
    if (entry.kind === 'choice') {
      return { ...entry, steps: rewrite(entry.steps, prefix, rewriting).filter((e) => isStep(e, patch)) }
    }
    return entry
  })
  const find = (name: string): number =>
    inner.findIndex((e) => e.kind !== 'landing' && named(prefix + e.name, name))
  const anchor = find(anchorOf(patch as Patch<never>))
  if (anchor < 0) return inner
  if (patch.optional === true && patch.op === 'move' && find(placeName(patch.place)) < 0) return inner
  const entry = inner[anchor]
  const path = prefix + entry.name
  const result = match(patch)
    .with({ op: 'drop' }, () => inner.with(anchor, emptyBlock(entry)))
    .with({ op: 'replace' }, ({ by }) => inner.toSpliced(anchor, 1, ...replacement(entry, by)))
    .with({ op: 'insert' }, ({ place, entries: added }) => {
      return inner.toSpliced('before' in place ? anchor : anchor + 1, 0, ...behindLabel(added, place, entry))
    })
    .with({ op: 'copy' }, (copied) => {
      const added = copyOf(program, inner, copied)
      if (inner.some(({ name }) => name === added.name))
        throw wrong(patch, `${added.name} stands there already; give the copy another name ("as")`)
      const at = 'before' in copied.place ? anchor : anchor + 1
      return inner.toSpliced(at, 0, ...behindLabel([added], copied.place, entry))
    })
    .with({ op: 'move' }, ({ place, jumps }) => {
      const at = find(placeName(place))
      if (at < 0) throw wrong(patch, `"${placeName(place)}" is not in the same list of steps`)
      if (at === anchor) throw wrong(patch, `${entry.name} cannot stand before or after itself`)
      if (at === ('before' in place ? anchor + 1 : anchor - 1)) return inner
      const jumping = jumpsTo(program, path)
      if (jumping.length > 0 && jumps === undefined) {
        throw wrong(
          patch,
          `${jumping.join(', ')} jump${jumping.length === 1 ? 's' : ''} to ${path}, and the patch does not say where ` +
            'such jumps land; add "jumps": "follow" (on the moved step) or "stay" (where it stood)',
        )
      }
      const moved = behindLabel([{ ...entry, within: [] } as Entry<W>], place, inner[at])
      const left = jumps === 'stay' ? [landing(entry.name, [entry.name])] : []
      // Splice at the later place first, so that the index of the earlier one stays valid.
      const slot = 'before' in place ? at : at + 1
      return slot > anchor
        ? inner.toSpliced(slot, 0, ...moved).toSpliced(anchor, 1, ...left)
        : inner.toSpliced(anchor, 1, ...left).toSpliced(slot, 0, ...moved)
    })
    .exhaustive()
  hits.push({ machine: program.kind, path, entry, changes: result !== inner })
  return result
}

/**
 * A copy of the step that a patch names: of one beside the place, or else of the only one in the program.
 * @throws ModelError if there is none, or several that do not do the same.
 */
function copyOf<W>(
  program: Program<W>,
  beside: readonly Entry<W>[],
  patch: Patch<W> & { readonly op: 'copy' },
): Step<W> {
  const { name, as } = patch
  const all = stepsNamed(program.entries, name)
  const here = beside.find((e) => e.kind === 'step' && e.name === name.slice(name.lastIndexOf('/') + 1))
  const found = all.find((step) => step === here) ?? all[0]
  if (found === undefined) throw wrong(patch, `${program.kind} has no step "${name}"`)
  if (found !== here && all.some(({ cases }) => cases !== found.cases))
    throw wrong(patch, `several steps of ${program.kind} are called ${name}; name one with more of its path`)
  return { ...found, name: as ?? found.name, within: [] }
}

/** The steps whose path ends in a name. */
function stepsNamed<W>(entries: readonly Entry<W>[], name: string, prefix = ''): Step<W>[] {
  return entries.flatMap((entry): Step<W>[] => {
    if (entry.kind === 'landing') return []
    if (entry.kind === 'block') return stepsNamed(entry.entries, name, `${prefix}${entry.name}/`)
    if (entry.kind === 'choice') return stepsNamed(entry.steps, name, prefix)
    return named(prefix + entry.name, name) ? [entry] : []
  })
}

const emptyBlock = <W>(entry: Entry<W>): Entry<W> =>
  calledWhere(entry, { kind: 'block', name: entry.name, entries: [], dropped: entry })

/** A new entry, called in the same functions as `other`. */
const calledWhere = <W>(other: Entry<W>, added: Entry<W>): Entry<W> =>
  other.kind === 'landing' ? added : calledIn(other.within ?? [], added)

/** The new entries, after the label of the replaced one, which jumps between the new entries ignore. */
function replacement<W>(entry: Entry<W>, by: readonly Entry<W>[]): readonly Entry<W>[] {
  if (by.length === 0) return [emptyBlock(entry)]
  const there = by.map((e) => calledWhere(entry, e))
  if (by[0].name === entry.name) return there
  return [landing(entry.name, by.some((e) => e.name === entry.name) ? by.map((e) => e.name) : []), ...there]
}

/**
 * Entries inserted before `other`, after its label. Jumps from the new entries and from inside `other` ignore the
 * label; jumps from the steps of a choice do not.
 */
function behindLabel<W>(added: readonly Entry<W>[], place: Place, other: Entry<W>): readonly Entry<W>[] {
  const there = added.map((e) => calledWhere(other, e))
  if ('after' in place) return there
  const own = other.kind === 'choice' ? [] : [other.name]
  return [landing(other.name, [...added.map((e) => e.name), ...own]), ...there]
}
