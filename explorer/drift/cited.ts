import { type Anchor, anchorIn } from '../../model/language/anchor.ts'
import { type Because, type Entry, entered, type Program, type Step } from '../../model/language/program.ts'

/** A step in a call of a function. */
export interface CitedStep {
  /** Thread kind and path, `vcpu.ZAP.9/REQ.1`. */
  readonly step: string
  readonly fn: string
  /** What the step stands for in the body of `fn`; empty if it is in a function that `fn` calls. */
  readonly statements: readonly string[]
  /** The function that `fn` calls, directly or not, for a step in that one; absent if the step is in `fn` itself. */
  readonly callee?: string
  /** Functions read as a part of `fn`, the last of which contains the statements; empty if `fn` does. */
  readonly inlined: readonly string[]
  /** Steps of one choice have the same number, which no other step of the list has: no order between them. */
  readonly place: number
  /** Why it may stand anywhere in its function; absent if it may not. */
  readonly outOfOrder?: string
}

/** What a model cites of the sources. */
export interface Citations {
  /** Names of all functions that a step belongs to or is called in. */
  readonly functions: ReadonlySet<string>
  /** Steps of one call of a function, in the order of the program. */
  readonly calls: readonly (readonly CitedStep[])[]
  /** Steps that do not say what they stand for. */
  readonly unanchored: readonly string[]
}

/** Steps that stand for C, or for bookkeeping between such steps, are in functions that a source must have. */
const isCode = (c: Anchor | undefined): boolean =>
  c === undefined || typeof c === 'string' || !('none' in c) || c.none === 'model'

/**
 * What programs cite.
 * @param isIn whether a step belongs to the version.
 */
export function citationsOf(
  programs: Iterable<Program<never>>,
  version: string,
  isIn: (step: Step<never>) => boolean,
): Citations {
  const functions = new Set<string>()
  const unanchored = new Set<string>()
  const calls = new Map<string, readonly CitedStep[]>()
  for (const program of programs) {
    const list = new CallList()
    for (const located of stepsOf(program)) {
      const { fn, c, outOfOrder } = located.step.about
      if (!isIn(located.step)) continue
      const name = `${program.kind}.${located.path}`
      if (c === undefined) unanchored.add(name)
      const anchor = c === undefined || fn === undefined ? null : anchorIn(c, fn, version)
      const stack = anchor === null ? located.stack : entered(located.stack.slice(0, -1), anchor.fn)
      if (isCode(c)) for (const each of stack) functions.add(each)
      if (anchor === null) continue
      for (const each of anchor.callees) functions.add(each)
      const { place, block, outside } = located
      stack.forEach((each, depth) => {
        const own = depth === stack.length - 1
        const { statements, callees: inlined } = anchor
        const what = own ? { statements, inlined } : { statements: [], inlined: [], callee: stack[depth + 1] }
        const because = outOfOrder ?? (depth < outside.depth ? outside.because : undefined)
        const out = because === undefined ? {} : { outOfOrder: because }
        list.add(stack.slice(0, depth), block.get(each), { step: name, fn: each, place, ...what, ...out })
      })
    }
    for (const call of list.calls()) calls.set(JSON.stringify(call), call)
  }
  return { functions, calls: [...calls.values()], unanchored: [...unanchored] }
}

/** Calls of functions, as far as a list of steps tells one from the next. */
class CallList {
  readonly #open = new Map<string, { readonly block: string | undefined; readonly steps: CitedStep[] }>()
  readonly #ended: CitedStep[][] = []

  /**
   * Adds a step to the current call of its function by `callers`, or to a new one: if the step has been there before,
   * or, of a function that has only callees, if another block stands for it.
   * @param block path of the block that stands for the function.
   */
  add(callers: readonly string[], block: string | undefined, step: CitedStep): void {
    const key = JSON.stringify([callers, step.fn])
    const call = this.#open.get(key)
    if (call !== undefined && !begins(call, block, step)) {
      call.steps.push(step)
      return
    }
    if (call !== undefined) this.#ended.push(call.steps)
    this.#open.set(key, { block, steps: [step] })
  }

  calls(): readonly (readonly CitedStep[])[] {
    return [...this.#ended, ...[...this.#open.values()].map(({ steps }) => steps)]
  }
}

function begins(
  call: { readonly block: string | undefined; readonly steps: readonly CitedStep[] },
  block: string | undefined,
  step: CitedStep,
): boolean {
  const own = call.steps.filter(({ callee }) => callee === undefined)
  if (own.length === 0) return call.block !== block
  return step.callee === undefined && own.some((other) => lastName(other.step) === lastName(step.step))
}

const lastName = (step: string): string => step.slice(step.lastIndexOf('/') + 1).replace(/^\w+\./, '')

interface Located {
  readonly step: Step<never>
  readonly path: string
  /** Functions in which the step is called, outermost first, its own one last. */
  readonly stack: readonly string[]
  /** Paths of the blocks around the step, by the function that they stand for. */
  readonly block: ReadonlyMap<string, string>
  readonly place: number
  /** Why functions of the stack up to this depth have the step at another place. */
  readonly outside: Outside
}

interface Outside {
  readonly depth: number
  readonly because?: Because
}

/** The steps of a program, in order. */
function stepsOf(program: Program<never>): Located[] {
  const located: Located[] = []
  let place = 0
  const visit = (
    entries: readonly Entry<never>[],
    prefix: string,
    outer: readonly string[],
    around: ReadonlyMap<string, string>,
    outside: Outside,
  ): void => {
    for (const entry of entries) {
      if (entry.kind === 'landing') continue
      const stack = (entry.within ?? []).reduce(entered, outer)
      const path = prefix + entry.name
      if (entry.kind === 'block') {
        const inside = entry.fn === undefined ? around : new Map([...around, [entry.fn, path]])
        const { outOfOrder: because } = entry
        const moved = because === undefined ? outside : { depth: stack.length, because }
        visit(entry.entries, `${path}/`, entered(stack, entry.fn), inside, moved)
        continue
      }
      place++
      for (const step of entry.kind === 'step' ? [entry] : entry.steps) {
        const functions = entered((step.within ?? []).reduce(entered, stack), step.about.fn)
        located.push({ step, path: prefix + step.name, stack: functions, block: around, place, outside })
      }
    }
  }
  visit(program.entries, '', program.fn === undefined ? [] : [program.fn], new Map(), { depth: 0 })
  return located
}
