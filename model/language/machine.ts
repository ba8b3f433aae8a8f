import { type AnyStateMachine, assign, createMachine, type MachineConfig } from 'xstate'
import { ModelError } from './errors.ts'
import { type Case, type Entry, entered, type Program, type Step } from './program.ts'

/**
 * Programs become xstate machines here. The machine is the reference semantics: `transition()` of xstate
 * on it says what a step does; the explorer's compiled steps must agree with it.
 */

/** Context of the reference machine: one encoded value per field of the layout. Never changed in place. */
export interface ReferenceContext {
  readonly encoded: Uint16Array
}

/** Runs model code on the encoded values of a context. */
export interface Runner<W> {
  /** Evaluates a guard on `encoded`, which it must not change. */
  test(encoded: Uint16Array, guard: (world: W, self: number) => boolean, self: number): boolean
  /** Returns the changed values as a new array. */
  run(encoded: Uint16Array, effect: (world: W, self: number) => void, self: number): Uint16Array
}

/** One running instance of a program. */
export interface Instance<W> {
  /** `vcpu0`, or just the kind when there is one instance. */
  readonly name: string
  readonly program: Program<W>
  readonly self: number
}

/** A step at a program counter: what the explorer counts and what traces name. */
export interface LocatedStep<W> {
  /** Path of the step, for example `ZAP.9/REQ.1`. */
  readonly path: string
  /** Path of the program counter; differs from `path` only for the steps of a choice. */
  readonly at: string
  /** Kernel functions in which the step is called, outermost first; its `fn` may be one more. */
  readonly functions: readonly string[]
  readonly step: Step<W>
}

/** A program as a list of program counters with their steps and resolved successors. */
export interface Flow<W> {
  /** Paths of all program counters, `done` last. The first is where the thread starts. */
  readonly counters: readonly string[]
  readonly steps: readonly LocatedStep<W>[]
  /** Valid end states: program counters at which the thread may stop for good. */
  readonly validEnds: ReadonlySet<string>
  /** The program counter to which case number `index` of a step leads. */
  target(located: LocatedStep<W>, index: number): string
  /** What patches have dropped between a step, if its case number `index` is taken, and that program counter. */
  dropped(located: LocatedStep<W>, index: number): readonly LocatedStep<W>[]
}

/** The event that makes a thread take a step. */
export const eventOf = (thread: string, path: string): string => `${thread} ${path}`

const DONE = 'done'

/** A place between program counters: the one that follows, and what patches have dropped in front of it. */
interface Position<W> {
  readonly counter: string
  readonly dropped: readonly LocatedStep<W>[]
}

/** A landing, resolved: where jumps to it land, and the entries whose jumps ignore it. */
interface LandingPlace<W> extends Position<W> {
  readonly except: readonly string[]
}

/** The names in a program, and what they refer to. */
interface Labels<W> {
  readonly counters: readonly string[]
  readonly steps: readonly LocatedStep<W>[]
  readonly validEnds: ReadonlySet<string>
  /** Where control goes after each program counter. */
  readonly next: ReadonlyMap<string, Position<W>>
  /** The path of the entry that a jump from a step names; undefined for an unknown name. */
  pathOf(name: string, from: LocatedStep<W>): string | undefined
  /** Where a jump from a step to the entry at a known path lands. */
  land(path: string, from: LocatedStep<W>): Position<W>
  /** The program counter at which an entry begins. */
  beginning(path: string): string | undefined
}

/**
 * Resolves fall-through and jumps.
 * @throws ModelError for two steps of one name, or a jump to a name that does not exist.
 */
export function flowOf<W>(program: Program<W>): Flow<W> {
  const { counters, steps, validEnds, next, pathOf, land } = labelsOf(program)
  const after = (located: LocatedStep<W>, index: number): Position<W> => {
    const { to } = located.step.cases[index]
    if (to === undefined) return next.get(located.at) as Position<W>
    const path = pathOf(to, located)
    if (path !== undefined) return land(path, located)
    throw new ModelError(
      `program ${program.kind}: step ${located.path} goes to "${to}", which does not exist`,
    )
  }
  const flow: Flow<W> = {
    counters,
    steps,
    validEnds,
    target: (located, index) => after(located, index).counter,
    dropped: (located, index) => after(located, index).dropped,
  }
  for (const located of steps) {
    for (const index of located.step.cases.keys()) flow.target(located, index)
  }
  return flow
}

/**
 * Paths of the steps outside an entry that jump to its beginning, by its name or by that of its first step.
 * Jumps to names that do not exist (yet) are left out.
 * @throws ModelError for two steps of one name.
 */
export function jumpsTo<W>(program: Program<W>, entry: string): string[] {
  const { steps, pathOf, beginning } = labelsOf(program)
  const isMeant = (path: string | undefined): boolean =>
    path !== undefined && isIn(path, entry) && beginning(path) === beginning(entry)
  return steps
    .filter(({ at }) => !isIn(at, entry))
    .filter((from) => from.step.cases.some(({ to }) => to !== undefined && isMeant(pathOf(to, from))))
    .map(({ path }) => path)
}

/** Whether a path is that of an entry or of something in it. */
const isIn = (path: string, entry: string): boolean => path === entry || path.startsWith(`${entry}/`)

function labelsOf<W>(program: Program<W>): Labels<W> {
  const counters: string[] = []
  const steps: LocatedStep<W>[] = []
  const validEnds = new Set<string>([DONE])
  const next = new Map<string, Position<W>>()
  const names = new Map<string, Position<W>>()
  const landings = new Map<string, LandingPlace<W>[]>()
  const scopeOf = new Map<string, string>()

  const visit = (
    entries: readonly Entry<W>[],
    prefix: string,
    following: Position<W>,
    outside: readonly string[],
  ): Position<W> => {
    let after = following
    for (const entry of [...entries].reverse()) {
      const path = prefix + entry.name
      if (entry.kind === 'landing') {
        const place = { ...after, except: entry.except.map((name) => prefix + name) }
        landings.set(path, [place, ...(landings.get(path) ?? [])])
        continue
      }
      if (names.has(path)) throw new ModelError(`program ${program.kind}: two entries are called ${path}`)
      const functions = (entry.within ?? []).reduce(entered, outside)
      if (entry.kind === 'block') {
        if (entry.dropped !== undefined) {
          const { dropped } = entry
          const lost = { path, at: after.counter, functions, step: standIn(dropped) }
          after = { counter: after.counter, dropped: [lost, ...after.dropped] }
        }
        after = visit(entry.entries, `${path}/`, after, entered(functions, entry.fn))
        names.set(path, after)
        continue
      }
      names.set(path, { counter: path, dropped: [] })
      counters.unshift(path)
      next.set(path, after)
      scopeOf.set(path, prefix)
      const own = entry.kind === 'choice' ? entry.steps : [entry]
      if (entry.kind === 'choice' ? entry.validEnd : entry.about.validEnd === true) validEnds.add(path)
      steps.unshift(
        ...own.map((s) => ({
          path: prefix + s.name,
          at: path,
          functions: (s.within ?? []).reduce(entered, functions),
          step: s,
        })),
      )
      after = { counter: path, dropped: [] }
    }
    return after
  }
  visit(program.entries, '', { counter: DONE, dropped: [] }, entered([], program.fn))
  if (names.has(DONE)) throw new ModelError(`program ${program.kind}: "${DONE}" is the name of its end`)
  counters.push(DONE)
  names.set(DONE, { counter: DONE, dropped: [] })

  const seen = new Set<string>()
  for (const { path } of steps) {
    if (seen.has(path)) throw new ModelError(`program ${program.kind}: two steps are called ${path}`)
    seen.add(path)
  }

  const pathOf = (name: string, from: LocatedStep<W>): string | undefined => {
    const parts = (scopeOf.get(from.at) as string).split('/').slice(0, -1)
    for (let depth = parts.length; depth >= 0; depth--) {
      const path = [...parts.slice(0, depth), name].join('/')
      if (names.has(path) || landings.has(path)) return path
    }
    return undefined
  }
  const land = (path: string, from: LocatedStep<W>): Position<W> => {
    const own = names.get(path)
    // A block begins at its first step, so a landing for the block is one for the step, too.
    const places = [
      ...outerPaths(path).filter((outer) => own !== undefined && names.get(outer)?.counter === own.counter),
      path,
    ].flatMap((each) => landings.get(each) ?? [])
    const open = places.find(({ except }) => !except.some((entry) => isIn(from.at, entry)))
    return open ?? own ?? (places.at(-1) as LandingPlace<W>)
  }
  return { counters, steps, validEnds, next, pathOf, land, beginning: (path) => names.get(path)?.counter }
}

/** A dropped entry as one step: a block is shown by its kernel function, or else by its first step. */
function standIn<W>(entry: Entry<W>): Step<W> {
  if (entry.kind === 'step') return entry
  const inner = entry.kind === 'block' ? entry.entries : entry.kind === 'choice' ? entry.steps : []
  const steps = inner.map(standIn)
  const shown = steps.find(({ about }) => about.quiet !== true) ?? steps[0]
  const fn = entry.kind === 'block' ? entry.fn : undefined
  const about = fn === undefined ? (shown?.about ?? {}) : { fn, shows: `${fn}()` }
  return { kind: 'step', name: entry.name, about, cases: fn === undefined ? (shown?.cases ?? []) : [] }
}

/** `a` and `a/b` for `a/b/c`. */
const outerPaths = (path: string): string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, depth, parts) => parts.slice(0, depth + 1).join('/'))

/** The model code inside each function that is handed to xstate, for the compiler to find. */
const modelCode = new WeakMap<object, (world: never, self: number) => unknown>()

/** The model code inside a guard or action of a reference machine; undefined for any other function. */
export function modelCodeOf(wrapped: unknown): ((world: never, self: number) => unknown) | undefined {
  return typeof wrapped === 'function' ? modelCode.get(wrapped) : undefined
}

function transitionOf<W>(runner: Runner<W>, self: number, c: Case<W>, target: string): object {
  const { when, does } = c
  const config: Record<string, unknown> = { target: `#${target}`, reenter: true }
  if (when !== undefined) {
    const guard = ({ context }: { context: ReferenceContext }): boolean =>
      runner.test(context.encoded, when, self)
    modelCode.set(guard, when as (world: never, self: number) => unknown)
    config.guard = guard
  }
  if (does !== undefined) {
    const action = assign(({ context }: { context: ReferenceContext }) => ({
      encoded: runner.run(context.encoded, does, self),
    }))
    modelCode.set(action, does as (world: never, self: number) => unknown)
    config.actions = action
  }
  return config
}

type StateConfig = {
  id?: string
  initial?: string
  states?: Record<string, StateConfig>
  on?: Record<string, object[]>
}

/** One parallel region: compound states for blocks, one atomic state per program counter. */
function regionOf<W>(instance: Instance<W>, flow: Flow<W>, runner: Runner<W>): StateConfig {
  const numbers = new Map(flow.counters.map((path, number) => [path, number]))
  const idOf = (path: string): string => `${instance.name}:${numbers.get(path)}`
  const stepsAt = new Map<string, LocatedStep<W>[]>(flow.counters.map((path) => [path, []]))
  for (const located of flow.steps) stepsAt.get(located.at)?.push(located)
  const region: StateConfig = { states: {} }
  for (const path of flow.counters) {
    const parts = path.split('/')
    let parent = region
    for (const part of parts.slice(0, -1)) {
      parent.initial ??= part
      parent.states ??= {}
      parent.states[part] ??= { states: {} }
      parent = parent.states[part]
    }
    const leaf = parts[parts.length - 1]
    parent.initial ??= leaf
    parent.states ??= {}
    const on: Record<string, object[]> = {}
    for (const located of stepsAt.get(path) ?? []) {
      on[eventOf(instance.name, located.path)] = located.step.cases.map((c, index) =>
        transitionOf(runner, instance.self, c, idOf(flow.target(located, index))),
      )
    }
    parent.states[leaf] = { id: idOf(path), on }
  }
  return region
}

/** Composes instances into one xstate machine with a parallel region per thread. */
export function machineOf<W>(
  name: string,
  instances: readonly { readonly instance: Instance<W>; readonly flow: Flow<W> }[],
  runner: Runner<W>,
  initial: Uint16Array,
): AnyStateMachine {
  const states: Record<string, StateConfig> = {}
  for (const { instance, flow } of instances) states[instance.name] = regionOf(instance, flow, runner)
  return createMachine({
    id: name,
    type: 'parallel',
    context: { encoded: initial } satisfies ReferenceContext,
    states,
  } as MachineConfig<ReferenceContext, { type: string }>) as unknown as AnyStateMachine
}
