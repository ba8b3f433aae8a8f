import type { AnyStateMachine } from 'xstate'
import { ModelError } from './errors.ts'
import type { Field, Node } from './fields.ts'
import { EncodedValues, type Layout, layout } from './layout.ts'
import { type Flow, flowOf, type Instance, machineOf, type Runner } from './machine.ts'
import { checkCode, checkEffect, truthOf } from './model-code.ts'
import type { NamedStep } from './named-steps.ts'
import { applyPatches, type Patch } from './patch.ts'
import type { CountersOfKind } from './places.ts'
import { namesIn, type Program } from './program.ts'
import { array, oneOf, type Shape, type Sort, struct, type View } from './shapes.ts'

/** Instances of a program: one for each id of a sort, or a single one. */
export interface ThreadGroup<W> {
  readonly program: Program<W>
  readonly over?: Sort
}

/** One thread for each id of a sort; `self` is the id. */
export function each<W>(over: Sort, program: Program<W>): ThreadGroup<W> {
  return { program, over }
}

/** A single thread; `self` is 0. */
export function one<W>(program: Program<W>): ThreadGroup<W> {
  return { program }
}

/** What a system is composed of: for KVM, a scenario with given bounds. */
export interface Parts<S extends Shape> {
  readonly name: string
  /** The shared state, thread-local variables included. */
  readonly world: S
  readonly threads: readonly ThreadGroup<View<S>>[]
  /** Each function sets up one initial state, starting from every field's first value. */
  readonly initial: readonly ((world: View<S>) => void)[]
  readonly patches?: readonly Patch<View<S>>[]
  /**
   * Sorts whose ids are claimed to be interchangeable: swapping two of them everywhere maps behaviours to
   * behaviours. The explorer checks the claim wherever it relies on it, so a wrong one costs time, not soundness.
   */
  readonly symmetric?: readonly Sort[]
  /**
   * Programs of the same model with other bounds. A property may also name their steps, because one property serves
   * many systems. Only called for a name that is not found in this system.
   */
  readonly elsewhere?: () => Iterable<Program<View<S>>>
}

/** Program counters by thread kind, as properties see them: `at.vcpu[0]` is the path of a step. */
export interface Counters {
  readonly [kind: string]: CountersOfKind
}

/** A thread of a system, with its jumps resolved. */
export interface Thread<W> extends Instance<W> {
  readonly flow: Flow<W>
  /** The field of the thread's program counter; its encoded value is an index into `flow.counters`. */
  readonly counter: Field
}

/**
 * A finite transition system: a state vector, threads of atomic steps, and initial states.
 *
 * The engine does not depend on the type of the world, so `compose` erases it: threads and views use `never`, which
 * fits all model code. `W` remains as a brand that rejects properties of another world; every system is a `System`.
 */
export interface System<W = never> {
  readonly name: string
  readonly layout: Layout
  readonly threads: readonly Thread<never>[]
  /** Encoded values of every initial state, program counters included. */
  readonly initial: readonly Uint16Array[]
  /** Sorts whose ids are claimed to be interchangeable. */
  readonly symmetric: readonly Sort[]
  /** The reference: one xstate machine with a parallel region per thread. */
  readonly machine: AnyStateMachine
  /**
   * Whether a step or program counter that a property names exists: here, before the patches, or elsewhere in the
   * model. Every name is accepted for thread kinds that do not run here.
   */
  knows(named: NamedStep): boolean
  /** Views of the encoded values in a store, for properties and for showing states. */
  view(store: { read(field: number): number; write(field: number, code: number): void }): {
    readonly world: never
    readonly at: Counters
  }
  /** Never set: brands the system with the world that its properties refer to. */
  readonly worldOfProperties?: (world: W) => void
}

/**
 * Builds a system.
 * @throws ModelError for an invalid patch, program or initial state, for an async function among the guards and
 *   effects, and for a system without threads.
 */
export function compose<S extends Shape>(parts: Parts<S>): System<View<S>> {
  type W = View<S>
  const kinds = parts.threads.map((t) => t.program.kind)
  const twice = kinds.find((kind, index) => kinds.indexOf(kind) !== index)
  if (twice !== undefined) throw new ModelError(`${parts.name}: two thread groups are of kind ${twice}`)

  const programs = applyPatches(
    parts.threads.map((t) => t.program),
    parts.patches ?? [],
  )
  const groups = parts.threads.map((group, index) => ({
    ...group,
    program: programs[index],
    flow: flowOf(programs[index]),
  }))
  for (const { program, flow } of groups) checkSteps(parts.name, program, flow)
  const at = Object.fromEntries(
    groups.map((g) => [g.program.kind, array(g.over ?? 1, oneOf(...g.flow.counters))]),
  )
  const shape = layout(struct({ world: parts.world, at: struct(at) }))
  const threads = groups.flatMap((g): Thread<W>[] =>
    Array.from({ length: g.over?.size ?? 1 }, (_, self) => ({
      name: g.over === undefined ? g.program.kind : `${g.program.kind}${self}`,
      program: g.program,
      self,
      flow: g.flow,
      counter: counterField(shape.root, g.program.kind, self),
    })),
  )
  if (threads.length === 0) throw new ModelError(`${parts.name} has no threads, so nothing can happen in it`)
  const store = new EncodedValues(shape.fields.length)
  const view = (cells: EncodedValues) => shape.view(cells) as unknown as { world: W; at: Counters }
  // One view for all initial states, and for the machine: building a view takes far longer than setting up a state.
  const { values } = store
  const { world } = view(store)
  const initial = parts.initial.map((setUp, n) => {
    checkCode(setUp, `${parts.name}: what sets up initial state ${n}`)
    values.fill(0)
    setUp(world)
    return values.slice()
  })
  if (initial.length === 0) throw new ModelError(`${parts.name} has no initial state`)
  let machine: AnyStateMachine | null = null
  const symmetric = parts.symmetric ?? []
  const knows = ({ kind, isMeant }: NamedStep): boolean => {
    const has = (program: Program<W>): boolean =>
      (kind === null || program.kind === kind) && namesIn(program).some((path) => isMeant(path))
    if (kind !== null && !kinds.includes(kind)) return true
    if (programs.some(has) || parts.threads.some(({ program }) => has(program))) return true
    for (const program of parts.elsewhere?.() ?? []) if (has(program)) return true
    return false
  }
  return {
    name: parts.name,
    layout: shape as Layout,
    threads,
    initial,
    symmetric,
    // Built when it is first used: that takes as long as all the rest, and many systems are only read.
    get machine() {
      machine ??= machineOf(
        parts.name,
        threads.map((instance) => ({ instance, flow: instance.flow })),
        runnerOn(store, world),
        initial[0],
      )
      return machine
    },
    knows,
    // The world's type is erased here, and nowhere else.
    view: view as unknown as System['view'],
  }
}

/** @throws ModelError naming the step whose guard or effect is not a plain function. */
function checkSteps<W>(name: string, { kind }: Program<W>, { steps }: Flow<W>): void {
  for (const { path, step } of steps) {
    for (const { when, does } of step.cases) {
      const where = `${name}: step ${path} of ${kind}`
      if (when !== undefined) checkCode(when, `${where}: its guard`)
      if (does !== undefined) checkCode(does, `${where}: its effect`)
    }
  }
}

function counterField(root: Node, kind: string, self: number): Field {
  const at = root.kind === 'struct' ? root.members.get('at') : undefined
  const group = at?.kind === 'struct' ? at.members.get(kind) : undefined
  const cell = group?.kind === 'array' ? group.elements[self] : undefined
  if (cell?.kind !== 'scalar') throw new ModelError(`no program counter for ${kind}${self}`)
  return cell.field
}

/** Runs model code for the reference machine, on copies of the values. @param world a view of the store. */
function runnerOn<W>(store: EncodedValues, world: W): Runner<W> {
  return {
    test(encoded, guard, self) {
      store.values.set(encoded)
      return truthOf(guard(world, self))
    },
    run(encoded, effect, self) {
      store.values.set(encoded)
      checkEffect(effect(world, self))
      return store.values.slice()
    },
  }
}
