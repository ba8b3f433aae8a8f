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

/** A statement in another function than the `fn` of the step, for a version that names or divides it otherwise. */
export interface InFunction {
  readonly fn: string
  readonly at: Statement
}

/** What a step may stand for instead of a statement; see `Uncoded`. */
export const UNCODED = ['hardware', 'guest', 'host userspace', 'outside KVM', 'history', 'model'] as const

/**
 * What a step stands for that has no statement in the sources that are read: the CPU, the guest, userspace of the
 * host, the rest of the kernel (scheduler, mm, SRCU, workqueues), code of the past or of a proposal that no such
 * source contains, or bookkeeping of the model.
 */
export type Uncoded = (typeof UNCODED)[number]

/** The statement by version, each valid until the next one named; null where there is none. None before the first. */
export interface AnchorByVersion {
  readonly [version: `${number}`]: Statement | InFunction | null
}

/** What a step stands for: a statement in its function in every version, or by version, or nothing in C. */
export type Anchor = Statement | AnchorByVersion | { readonly none: Uncoded }

/** An anchor in one version. */
export interface AnchorIn {
  /** The function that contains the statements. */
  readonly fn: string
  /** At least one. */
  readonly statements: readonly string[]
}

/**
 * Where the anchor of a step is to be found in a version.
 * @param fn the function of the step.
 * @returns null if the step stands for no statement in this version.
 */
export function anchorIn(anchor: Anchor, fn: string, version: string): AnchorIn | null {
  if (typeof anchor === 'string' || isList(anchor)) return { fn, statements: listed(anchor) }
  if ('none' in anchor) return null
  const [latest] = Object.keys(anchor)
    .filter((from) => compareVersions(from, version) <= 0)
    .sort((a, b) => compareVersions(b, a))
  const found = latest === undefined ? null : anchor[latest as `${number}`]
  if (found === null) return null
  return typeof found === 'string' || isList(found)
    ? { fn, statements: listed(found) }
    : { fn: found.fn, statements: listed(found.at) }
}

/** Negative if version `a` is older than `b`: 6.2 is older than 6.12. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number))
  const at = left.findIndex((number, n) => number !== right[n])
  return at < 0 ? left.length - right.length : left[at] - (right[at] ?? -1)
}

const isList = (value: object): value is readonly string[] => Array.isArray(value)

const listed = (statement: Statement): readonly string[] =>
  typeof statement === 'string' ? [statement] : statement
