/**
 * A thread of control is written as a program: an ordered list of named steps that reads like the kernel function
 * it models. Falling off a step reaches the next one, `to` jumps. `machineOf()` in machine.ts turns programs into
 * an xstate machine with one state per program counter; designs patch programs by step name.
 *
 * The `fn` of a step is the kernel function that it belongs to. Its callers are the `fn` of the enclosing blocks and
 * of the program, and those named by `inFunction()`, for steps of a callee that are in the caller's list without a
 * block. Diagrams show each function under its caller by means of these.
 */

import type { Anchor } from './anchor.ts'
import type { ReadIn } from './versions.ts'

/** A reason for an order that differs from that of the C. */
export type Because = `because ${string}`

/** Where a step comes from and how it is shown; transitions do not depend on it. */
export interface About<W> {
  /** Kernel function the step belongs to, without parentheses, for example `kvm_zap_obsolete_pages`. */
  readonly fn?: string
  /** In which kernels the step was read, `v5.18..v7.2`, or what it stands for instead of C. */
  readonly since?: ReadIn
  /** The statement of `fn` that the step stands for, or what else it is. `mmucheck drift` looks for it in C. */
  readonly c?: Anchor
  /** If the statement stands elsewhere in its function than the steps around this one suggest: why. */
  readonly outOfOrder?: Because
  /** Its line in a race diagram, in kernel terms; a function is given the state before the step. */
  readonly shows?: string | ((world: W, self: number) => string)
  /** If the step is coarsened: why several actions of the kernel are one atomic step here. */
  readonly fused?: string
  /** The thread may stop here for good: this is a valid end state, not a deadlock. */
  readonly validEnd?: boolean
  /** Routine: a diagram may leave the step out, unless a violation depends on it. */
  readonly quiet?: boolean | ((world: W, self: number) => boolean)
  /** Its lane in a diagram, if not that of the thread; for example the hardware walker of a vCPU. */
  readonly lane?: string
}

/** One alternative of a step. Without `when` it is always possible; without `to` it falls to the next step. */
export interface Case<W> {
  /** Guard, which must not write. `self` is the id of the running thread. */
  readonly when?: (world: W, self: number) => boolean
  /** Effect: one atomic change of the shared state. */
  readonly does?: (world: W, self: number) => void
  /** Name of the step to go to; `done` ends the thread. */
  readonly to?: string
}

/** The kernel functions in which an entry is called, for diagrams; transitions do not depend on it. */
export interface Within {
  /** Set by `inFunction()`, outermost first; those of the enclosing blocks and of the program come before these. */
  readonly within?: readonly string[]
}

/** One atomic action. The first case whose guard holds is taken; if none holds the step is blocked. */
export interface Step<W> extends Within {
  readonly kind: 'step'
  readonly name: string
  readonly about: About<W>
  readonly cases: readonly Case<W>[]
}

/** One program counter with several possible steps; any enabled one may be taken. */
export interface Choice<W> extends Within {
  readonly kind: 'choice'
  readonly name: string
  readonly steps: readonly Step<W>[]
  readonly validEnd: boolean
}

/** Several entries under one name, for example a kernel function called from several places. */
export interface Block<W> extends Within {
  readonly kind: 'block'
  readonly name: string
  /** Kernel function whose body (or part of it) the entries are, without parentheses. */
  readonly fn?: string
  /** If the caller has them at another place than the entries around the block suggest: why. See `outOfOrder()`. */
  readonly outOfOrder?: Because
  readonly entries: readonly Entry<W>[]
  /** The entry that a patch has dropped here: the block is empty and keeps its place, for jumps and for diagrams. */
  readonly dropped?: Entry<W>
}

/**
 * A label without a step: where jumps to `name` land. Patches create it, so that a jump still reaches the place
 * in the code for which it was written. Jumps from the entries `except` of the same list go to the entry called
 * `name` itself.
 */
export interface Landing {
  readonly kind: 'landing'
  readonly name: string
  readonly except: readonly string[]
}

export type Entry<W> = Step<W> | Choice<W> | Block<W> | Landing

/** Entries that depend on a condition on the bounds: `...when(bounds.vcpus > 1, step(...))`. */
export function when<T>(condition: boolean, ...entries: readonly T[]): readonly T[] {
  return condition ? entries : []
}

/** A thread of control, the same for all its instances; `kind` names it in results (`vcpu`). */
export interface Program<W> {
  readonly kind: string
  readonly title: string
  /** Kernel function whose body the entries are; absent if the thread runs several, one after the other. */
  readonly fn?: string
  readonly entries: readonly Entry<W>[]
}

/** One atomic step with one or several cases. */
export function step<W>(name: string, about: About<W>, body: Case<W> | readonly Case<W>[] = {}): Step<W> {
  return { kind: 'step', name, about, cases: Array.isArray(body) ? body : [body as Case<W>] }
}

/** A program counter at which any of several steps may be taken. */
export function choice<W>(
  name: string,
  steps: readonly Step<W>[],
  about: { readonly validEnd?: boolean } = {},
): Choice<W> {
  return {
    kind: 'choice',
    name,
    steps,
    validEnd: about.validEnd === true || steps.some((s) => s.about.validEnd === true),
  }
}

/**
 * Several entries under one name. Jumps inside it see its own names first.
 * @param about `fn` is the kernel function that the block stands for: diagrams show its steps as called there.
 */
export function block<W>(
  name: string,
  entries: readonly Entry<W>[],
  about: { readonly fn?: string } = {},
): Block<W> {
  return { kind: 'block', name, ...about, entries }
}

/**
 * The same entries, as part of the body of a kernel function: a block without a name, which leaves the paths of
 * steps as they are. A caller nests its callees: `inFunction('kvm_mmu_load', ..., ...inFunction('mmu_alloc_root',
 * ...))`. A step that names the function itself (`about.fn`) needs none.
 */
export function inFunction<W>(fn: string, ...entries: readonly Entry<W>[]): Entry<W>[] {
  return entries.map((entry) => calledIn([fn], entry))
}

/**
 * The same entries, for a place in the list that is not theirs in C: control reaches them by a jump. Within blocks,
 * steps are in order.
 */
export function outOfOrder<W>(because: Because, ...entries: readonly Entry<W>[]): Entry<W>[] {
  return entries.map((entry) =>
    entry.kind === 'block'
      ? { ...entry, outOfOrder: because }
      : entry.kind === 'step'
        ? { ...entry, about: { ...entry.about, outOfOrder: because } }
        : entry,
  )
}

/** An entry with further `functions` on its call stack, outermost first. */
export function calledIn<W>(functions: readonly string[], entry: Entry<W>): Entry<W> {
  if (entry.kind === 'landing' || functions.length === 0) return entry
  return { ...entry, within: [...functions, ...(entry.within ?? [])] }
}

/**
 * The call stack after control has reached a function. No modelled function is recursive, so if the function is on
 * the stack, its callees have returned.
 */
export function entered(stack: readonly string[], fn: string | undefined): readonly string[] {
  if (fn === undefined) return stack
  const at = stack.indexOf(fn)
  return at < 0 ? [...stack, fn] : stack.slice(0, at + 1)
}

/** Where jumps to `name` land, unless they come from one of the entries `except`. */
export function landing(name: string, except: readonly string[] = []): Landing {
  return { kind: 'landing', name, except }
}

/** A thread of control, all in the kernel function `fn` if there is one such. */
export function program<W>(
  kind: string,
  title: string,
  entries: readonly Entry<W>[],
  about: { readonly fn?: string } = {},
): Program<W> {
  return { kind, title, ...about, entries }
}

/** Paths (`block/step`) of all steps of a program, in order; a choice's own name is not part of a path. */
export function stepPaths<W>(entries: readonly Entry<W>[], prefix = ''): string[] {
  return entries.flatMap((entry) =>
    entry.kind === 'block'
      ? stepPaths(entry.entries, `${prefix}${entry.name}/`)
      : entry.kind === 'choice'
        ? entry.steps.map((s) => prefix + s.name)
        : entry.kind === 'landing'
          ? []
          : [prefix + entry.name],
  )
}

const namesOf = new WeakMap<object, readonly string[]>()

/** Paths of all steps and program counters of a program. */
export function namesIn<W>(program: Program<W>): readonly string[] {
  const names = namesOf.get(program) ?? namesAmong(program.entries)
  namesOf.set(program, names)
  return names
}

function namesAmong<W>(entries: readonly Entry<W>[]): readonly string[] {
  const choices = (list: readonly Entry<W>[], prefix: string): string[] =>
    list.flatMap((entry) =>
      entry.kind === 'block'
        ? choices(entry.entries, `${prefix}${entry.name}/`)
        : entry.kind === 'choice'
          ? [prefix + entry.name]
          : [],
    )
  return [...stepPaths(entries), ...choices(entries, ''), 'done']
}
