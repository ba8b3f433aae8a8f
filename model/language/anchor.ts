/**
 * Anchors say which statement of a C program a step stands for. `mmucheck drift` looks them up in a source tree, so
 * that a step that no longer fits the code is noticed.
 */

/**
 * Short text of a statement, long enough to be recognised in its function: `kvm_make_all_cpus_request(`. Compared
 * token by token; white space and comments do not matter. Several, if the step stands for several statements: all
 * of them, in this order.
 */
export type Statement = string | readonly string[]

/** A statement in another function than the `fn` of the step. */
export interface Elsewhere {
  /** The function that counts instead of that of the step: it has another name in a version, or is a caller. */
  readonly fn?: string
  /** The function that contains the statement and that `fn` calls, read as a part of it; more if it takes more calls. */
  readonly callee?: string | readonly string[]
  readonly at: Statement
}

/**
 * What a step stands for that is in the range of its `since` and still no statement of the sources that are read: the
 * rest of the kernel (scheduler, mm, SRCU, workqueues), or bookkeeping of the model.
 */
export type Uncoded = 'outside KVM' | 'model'

/** The statement by version, each valid until the next one named; null where there is none. None before the first. */
export interface AnchorByVersion {
  readonly [version: `v${number}`]: Statement | Elsewhere | null
}

/** What a step stands for: a statement in its function in every version, or by version, or nothing in C. */
export type Anchor = Statement | Elsewhere | AnchorByVersion | { readonly none: Uncoded }

/** An anchor in one version. */
export interface AnchorIn {
  /** The function that the statements belong to. */
  readonly fn: string
  /** Functions called by `fn` or by each other, one of which contains them; empty if `fn` does. */
  readonly callees: readonly string[]
  /** At least one. */
  readonly statements: readonly string[]
}

/**
 * Where the anchor of a step is to be found in a version.
 * @param fn the function of the step.
 * @returns null if the step stands for no statement in this version.
 */
export function anchorIn(anchor: Anchor, fn: string, version: string): AnchorIn | null {
  if (isPlace(anchor)) return placeOf(anchor, fn)
  if ('none' in anchor) return null
  const [latest] = Object.keys(anchor)
    .filter((from) => compareVersions(from, version) <= 0)
    .sort((a, b) => compareVersions(b, a))
  const found = latest === undefined ? null : anchor[latest as `v${number}`]
  return found === null ? null : placeOf(found, fn)
}

function placeOf(place: Statement | Elsewhere, fn: string): AnchorIn {
  if (typeof place === 'string' || isList(place)) return { fn, callees: [], statements: listed(place) }
  return { fn: place.fn ?? fn, callees: listed(place.callee ?? []), statements: listed(place.at) }
}

const isPlace = (anchor: Anchor): anchor is Statement | Elsewhere =>
  typeof anchor === 'string' || isList(anchor) || 'at' in anchor

/** Negative if version `a` is older than `b`: v6.2 is older than v6.12. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.slice(1).split('.').map(Number))
  const at = left.findIndex((number, n) => number !== right[n])
  return at < 0 ? left.length - right.length : left[at] - (right[at] ?? -1)
}

const isList = (value: object): value is readonly string[] => Array.isArray(value)

const listed = (statement: Statement): readonly string[] =>
  typeof statement === 'string' ? [statement] : statement
