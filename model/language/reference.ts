import {
  type AnyMachineSnapshot,
  createActor,
  initialTransition,
  type StateNode,
  type StateValue,
} from 'xstate'
import { ModelError } from './errors.ts'
import { eventOf, modelCodeOf, type ReferenceContext } from './machine.ts'
import { Oops } from './property.ts'
import type { System, Thread } from './system.ts'
import type { Trace, TraceStep } from './trace.ts'

/** The result of a step in a state: a successor, nothing because the step is blocked, or an oops. */
export type Outcome =
  | { readonly kind: 'moved'; readonly next: AnyMachineSnapshot }
  | { readonly kind: 'blocked' }
  | { readonly kind: 'fault'; readonly fault: Oops }

/** Number of resolved snapshots to cache, one per vector of program counters: resolving costs more than a step. */
const CACHED = 1 << 14

/**
 * A system as xstate runs it, on the whole parallel machine. The machine and xstate's `transition()` define what a
 * step does; the compiled system is tested against them.
 */
export class Reference {
  readonly #system: System
  readonly #scope: Parameters<System['machine']['transition']>[2]
  readonly #resolved = new Map<string, AnyMachineSnapshot>()
  readonly #threads: ReadonlyMap<string, { readonly thread: Thread<never>; readonly index: number }>
  /** xstate's state value for each program counter, by thread and encoded value. */
  readonly #values: readonly (readonly StateValue[])[]
  /** The inverse of `#values`. */
  readonly #counters: readonly ReadonlyMap<string, number>[]

  /** @throws ModelError when xstate starts the machine in another state than the system's first initial state. */
  constructor(system: System) {
    this.#system = system
    this.#scope = inertScope(system)
    this.#threads = new Map(system.threads.map((thread, index) => [thread.name, { thread, index }]))
    this.#values = system.threads.map(({ flow }) => flow.counters.map(stateValue))
    this.#counters = system.threads.map(
      ({ flow }) => new Map(flow.counters.map((path, value) => [path, value])),
    )
    const started = this.encode(initialTransition(system.machine)[0])
    const field = firstDifference(system, started, system.initial[0])
    if (field !== null) throw new ModelError(`${system.name}: xstate starts with another ${field}`)
  }

  /** The machine in the state with these encoded values, program counters included. They are copied. */
  snapshot(encoded: Uint16Array): AnyMachineSnapshot {
    const { threads, machine } = this.#system
    let key = ''
    for (const { counter } of threads) key += String.fromCharCode(encoded[counter.index])
    let resolved = this.#resolved.get(key)
    if (resolved === undefined) {
      if (this.#resolved.size >= CACHED) this.#resolved.clear()
      const value = Object.fromEntries(
        threads.map((t, index) => [t.name, this.#values[index][encoded[t.counter.index]]]),
      )
      resolved = machine.resolveState({ value, context: {} }) as AnyMachineSnapshot
      this.#resolved.set(key, resolved)
    }
    // A snapshot is a plain record; only its context differs between states with equal program counters.
    return {
      ...resolved,
      context: { encoded: encoded.slice() } satisfies ReferenceContext,
    } as AnyMachineSnapshot
  }

  /** The encoded values of a snapshot, with the program counters taken from its state value. */
  encode(snapshot: AnyMachineSnapshot): Uint16Array {
    const encoded = (snapshot.context as ReferenceContext).encoded.slice()
    this.#system.threads.forEach((thread, index) => {
      encoded[thread.counter.index] = this.counter(snapshot, index)
    })
    return encoded
  }

  /** The encoded program counter of thread number `index`. */
  counter(snapshot: AnyMachineSnapshot, index: number): number {
    const { name } = this.#system.threads[index]
    const path = pathOf((snapshot.value as Record<string, StateValue>)[name])
    const value = this.#counters[index].get(path)
    if (value === undefined)
      throw new ModelError(`${this.#system.name}: ${name} is at an unknown state ${path}`)
    return value
  }

  /** Whether the step can be taken. If its guard throws an Oops, it can. */
  can(snapshot: AnyMachineSnapshot, step: TraceStep): boolean {
    return this.step(snapshot, step).kind !== 'blocked'
  }

  /** Takes a step. @throws what model code throws, unless it is an Oops. */
  step(snapshot: AnyMachineSnapshot, step: TraceStep): Outcome {
    const event = { type: eventOf(step.thread, step.step) }
    try {
      // xstate's transition() calls this, but builds a new actor for every call.
      const next = this.#system.machine.transition(snapshot, event, this.#scope) as AnyMachineSnapshot
      // xstate returns the same snapshot for an event without a transition and for one without a change.
      return next !== snapshot || snapshot.can(event) ? { kind: 'moved', next } : { kind: 'blocked' }
    } catch (error) {
      const fault = error instanceof Oops ? error : this.#guardFault(snapshot, step)
      if (fault === null) throw error
      return { kind: 'fault', fault }
    }
  }

  /** Every step that can be taken, by thread and then by declaration. */
  enabled(snapshot: AnyMachineSnapshot): TraceStep[] {
    return this.#system.threads.flatMap((thread, index) => {
      const at = thread.flow.counters[this.counter(snapshot, index)]
      return thread.flow.steps
        .filter((located) => located.at === at)
        .map((located): TraceStep => ({ thread: thread.name, step: located.path }))
        .filter((step) => this.can(snapshot, step))
    })
  }

  /** One line on why a blocked step cannot be taken. */
  whyBlocked(snapshot: AnyMachineSnapshot, { thread: name, step }: TraceStep): string {
    const found = this.#threads.get(name)
    if (found === undefined)
      return `there is no thread ${name}; there are ${[...this.#threads.keys()].join(', ')}`
    const { thread, index } = found
    const located = thread.flow.steps.find((s) => s.path === step)
    if (located === undefined) return `thread ${name} has no step ${step}`
    const at = thread.flow.counters[this.counter(snapshot, index)]
    if (located.at !== at) return `${name} is at ${at}`
    const guards = located.step.cases.flatMap((c) => (c.when === undefined ? [] : [oneLine(c.when)]))
    return `its guard does not hold: ${guards.join(' nor ')}`
  }

  /** xstate wraps what a guard throws; this evaluates the guard again to find the Oops. */
  #guardFault(snapshot: AnyMachineSnapshot, { thread: name, step }: TraceStep): Oops | null {
    const found = this.#threads.get(name)
    if (found === undefined) return null
    const encoded = (snapshot.context as ReferenceContext).encoded.slice()
    const { world } = this.#system.view({
      read: (field) => encoded[field],
      write: (field, value) => {
        encoded[field] = value
      },
    })
    const node = (snapshot._nodes as StateNode[]).find((n) => n.path[0] === name && n.type === 'atomic')
    for (const candidate of node?.transitions.get(eventOf(name, step)) ?? []) {
      const guard = modelCodeOf(candidate.guard)
      try {
        if (guard === undefined || guard(world as never, found.thread.self) === true) return null
      } catch (error) {
        return error instanceof Oops ? error : null
      }
    }
    return null
  }
}

/** A trace replayed by xstate. */
export interface ReferenceRun {
  /** Encoded values of the initial state and of that after each step, program counters included. */
  readonly states: readonly Uint16Array[]
  /** The oops of the last step; there is then no state after that step. */
  readonly fault: Oops | null
}

/** A trace is not a behaviour of the system. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError'
  /** Index of the first impossible step; -1 when there is no such initial state. */
  readonly at: number
  readonly reason: string
  constructor(message: string, at: number, reason: string) {
    super(message)
    this.at = at
    this.reason = reason
  }
}

/**
 * Replays a trace in xstate alone, from the initial state that it names.
 * @throws ReplayError naming the first step that is not possible, and why.
 */
export function referenceRun(
  system: System,
  trace: Trace,
  reference: Reference = new Reference(system),
): ReferenceRun {
  const initial = system.initial[trace.initial] as Uint16Array | undefined
  if (initial === undefined) {
    const reason = `there is no initial state ${trace.initial}; ${system.name} has ${system.initial.length}`
    throw new ReplayError(reason, -1, reason)
  }
  const states: Uint16Array[] = [initial.slice()]
  let snapshot = reference.snapshot(initial)
  for (const [at, step] of trace.steps.entries()) {
    const where = `step ${at + 1} of ${trace.steps.length}: ${step.thread} cannot take ${step.step}`
    const outcome = reference.step(snapshot, step)
    if (outcome.kind === 'blocked') {
      const reason = reference.whyBlocked(snapshot, step)
      throw new ReplayError(`${where}: ${reason}`, at, reason)
    }
    if (outcome.kind === 'fault') {
      if (at === trace.steps.length - 1) return { states, fault: outcome.fault }
      const reason = `it faults (${outcome.fault.property}: ${outcome.fault.message})`
      throw new ReplayError(`${where} and continue: ${reason}`, at, reason)
    }
    snapshot = outcome.next
    states.push(reference.encode(snapshot))
  }
  return { states, fault: null }
}

/** A scope in which xstate computes transitions without side effects. Built once. */
function inertScope({ machine }: System): Parameters<System['machine']['transition']>[2] {
  const self = createActor(machine)
  const nothing = (): void => {}
  return {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    logger: nothing,
    defer: nothing,
    stopChild: nothing,
    emit: nothing,
    actionExecutor: nothing,
  } as unknown as Parameters<System['machine']['transition']>[2]
}

/** `a/b` as xstate writes it: { a: 'b' }. */
function stateValue(path: string): StateValue {
  const parts = path.split('/')
  return parts
    .slice(0, -1)
    .reduceRight<StateValue>((inner, part) => ({ [part]: inner }), parts[parts.length - 1])
}

function pathOf(value: StateValue | undefined): string {
  let path = ''
  let rest = value
  while (typeof rest === 'object') {
    const [part, inner] = Object.entries(rest)[0] as [string, StateValue]
    path += `${part}/`
    rest = inner
  }
  return path + String(rest)
}

function firstDifference(system: System, a: Uint16Array, b: Uint16Array): string | null {
  return system.layout.fields.find(({ index }) => a[index] !== b[index])?.path ?? null
}

/** Source text of a function on one line, shortened. */
export function oneLine(code: (world: never, self: number) => unknown): string {
  const text = code.toString().replace(/\s+/g, ' ')
  return text.length <= 120 ? text : `${text.slice(0, 117)}...`
}
