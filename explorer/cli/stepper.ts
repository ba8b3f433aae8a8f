import { conditionOf, ExpressionError } from '../../counterexamples/expression.ts'
import { FORMS } from '../../counterexamples/forms.ts'
import { reach } from '../../counterexamples/reach.ts'
import { type Change, changesBetween, type Replayed } from '../../counterexamples/replay.ts'
import { stepText } from '../../counterexamples/rows.ts'
import { variablesOf } from '../../counterexamples/state-variables.ts'
import { plural } from '../../counterexamples/text-layout.ts'
import { Verifier } from '../../counterexamples/verifier.ts'
import { quoted, quotedPath } from '../../model/language/quoted.ts'
import type { TraceStep } from '../../model/language/trace.ts'
import { writeForm } from './commands/show.ts'
import { UsageError } from './errors.ts'
import { nearest } from './nearest.ts'

/** A prompt prints at most this many lines. */
const MOST_LINES = 10

/** Commands, as `h` lists them. */
const HELP = [
  'n next step        N next of this thread   g N  go to step N',
  'p previous step    P previous of it        q    quit',
  's [text]  state, fields that contain text',
  'd         what changed since the beginning',
  'l         steps that are possible here, and why the others are not',
  't N       take step N of that list instead       b  back to the trace',
  'w FIELD   watch a field      rw  back to the step that wrote it before',
  'until EXPR  the next state where it holds: page[0].unsync && vcpu0.root != none',
  `x FORM    write it as ${FORMS.slice(0, 7).join(', ')},`,
  `          ${FORMS.slice(7).join(', ')}`,
]

/** A step that was taken. */
interface Taken extends TraceStep {
  readonly fn: string | undefined
  /** What it does, in kernel terms; empty if that is its name. */
  readonly text: string
  readonly changes: readonly Change[]
  /** Encoded values afterwards; null when the step failed. */
  readonly after: Uint16Array | null
  /** Why the step failed; null if it did not. */
  readonly fault: string | null
}

/** A way through the behaviours of a system that starts as a counterexample and may leave it. */
export class Stepper {
  watched: string | null = null
  /** Steps taken so far. */
  #at = 0
  /** Where `rw` went last; from there it goes further back. */
  #wasLastWrite = -1
  #path: readonly Taken[]
  readonly #trace: readonly Taken[]
  readonly #replayed: Replayed
  readonly #verifier: Verifier
  readonly #out: string
  readonly #values: ReadonlyMap<string, (state: Uint16Array) => string>

  /** @param out folder for what is exported. */
  constructor(replayed: Replayed, out: string) {
    const { system, property, states, fault } = replayed
    this.#replayed = replayed
    this.#out = out
    this.#verifier = new Verifier(system, property)
    this.#trace = replayed.steps.map(({ index, thread, located, changes }) => {
      const after = states[index + 1] ?? null
      const failed = after === null ? (fault?.message ?? 'it fails') : null
      return {
        thread: thread.name,
        step: located.path,
        fn: located.step.about.fn,
        text: stepText(replayed, { index, thread, located }),
        changes,
        after,
        fault: failed,
      }
    })
    this.#path = this.#trace
    this.#values = new Map(
      variablesOf(system)
        .all.filter((item) => !item.counter)
        .map((item) => [item.path, (state: Uint16Array) => item.value(state)]),
    )
  }

  /** Runs a command and returns the lines to print; null to quit. */
  answer(line: string): string[] | null {
    const [command = 'n', ...rest] = line.trim() === '' ? [] : line.trim().split(/\s+/)
    const argument = rest.join(' ')
    switch (command) {
      case 'n':
        return this.#goTo(this.#at + 1)
      case 'p':
        return this.#goTo(this.#at - 1)
      case 'N':
      case 'P':
        return this.#sameThread(command === 'N' ? 1 : -1)
      case 'g':
        return this.#goTo(Number(argument))
      case 's':
        return this.#state(argument)
      case 'd':
        return this.#since()
      case 'l':
        return this.#possible()
      case 't':
        return argument === '' ? this.#possible() : this.#take(Number(argument))
      case 'b':
        return this.#back()
      case 'w':
        return this.#watch(argument)
      case 'rw':
        return this.#lastWrite()
      case 'until':
      case 'u':
        return this.#until(argument)
      case 'x':
        return this.#export(argument)
      case 'h':
      case '?':
        return [...HELP]
      case 'q':
        return null
      default:
        return [`unknown command "${quoted(command)}"; h lists them`]
    }
  }

  /** The step just taken, or the beginning. */
  here(): string[] {
    const path = this.#path
    if (this.#at === 0) return [`at the beginning, ${plural(path.length, 'step')} to go; h for help`]
    const taken = path[this.#at - 1]
    const { thread, step, fn, text, changes } = taken
    const which = this.#astray ? `${this.#at}, not in the trace:` : `${this.#at}/${path.length}`
    const shown = changes.slice(0, MOST_LINES - 5)
    const more = changes.length - shown.length
    return [
      `${which} ${thread} ${step}${fn === undefined ? '' : ` (${fn})`}`,
      ...(text === '' || text === step ? [] : [`    ${text}`]),
      ...shown.map(({ path: field, before, after }) => `    ${field}: ${before} -> ${after}`),
      ...(more > 0 ? [`    and ${more} more`] : []),
      ...(this.watched === null ? [] : [`    watched ${this.watched} = ${this.#valueOf(this.watched)}`]),
      ...this.#remarks(taken),
    ]
  }

  /** True when the last step is not of the trace. */
  get #astray(): boolean {
    return this.#at > 0 && this.#path[this.#at - 1] !== this.#trace[this.#at - 1]
  }

  #remarks({ fault }: Taken): string[] {
    const { counterexample: ce } = this.#replayed
    if (fault !== null) return [`    <--- ${fault}`]
    const violates = `    <--- violates ${ce.property}`
    if (this.#astray) {
      const steps = this.#path.slice(0, this.#at)
      return this.#verifier.fails({ initial: ce.initial, steps }) ? [violates] : []
    }
    return [
      ...(this.#at === ce.loopStart ? ['    from here on it repeats'] : []),
      ...(this.#at === this.#trace.length ? [violates] : []),
    ]
  }

  #goTo(step: number): string[] {
    const { length } = this.#path
    if (!Number.isInteger(step) || step < 0 || step > length) {
      const more = this.#path === this.#trace ? '' : '; t N takes one more, b goes back to the trace'
      return [`there are steps 0 to ${length}${more}`]
    }
    this.#at = step
    return this.here()
  }

  #sameThread(direction: 1 | -1): string[] {
    const path = this.#path
    const thread = path[Math.max(0, this.#at - 1)]?.thread
    for (let i = this.#at - 1 + direction; i >= 0 && i < path.length; i += direction) {
      if (path[i].thread === thread) return this.#goTo(i + 1)
    }
    return [`no ${direction === 1 ? 'later' : 'earlier'} step of ${thread ?? 'any thread'}`]
  }

  /** The current state; null after a step that failed. */
  #encoded(): Uint16Array | null {
    return this.#at === 0 ? this.#replayed.states[0] : this.#path[this.#at - 1].after
  }

  /** The current state, or the one before a step that failed. */
  #lastEncoded(): Uint16Array {
    const { states } = this.#replayed
    return this.#encoded() ?? (this.#at < 2 ? states[0] : (this.#path[this.#at - 2].after ?? states[0]))
  }

  #valueOf(path: string): string {
    return this.#values.get(path)?.(this.#lastEncoded()) ?? 'none'
  }

  #state(text: string): string[] {
    const rows = [...this.#values.keys()]
      .filter((path) => path.includes(text))
      .map((path) => `${path} = ${this.#valueOf(path)}`)
    return rows.length === 0 ? [`no field contains "${quoted(text)}"`] : cut(rows, '; s TEXT shows some')
  }

  #since(): string[] {
    const first = this.#replayed.states[0]
    const rows = [...this.#values].flatMap(([path, value]) => {
      const [before, now] = [value(first), value(this.#lastEncoded())]
      return before === now ? [] : [`${path}: ${before} -> ${now}`]
    })
    return rows.length === 0 ? ['nothing has changed since the beginning'] : cut(rows)
  }

  /** The steps enabled here; none after a step that failed. */
  #enabled(): TraceStep[] {
    const encoded = this.#encoded()
    const { reference } = this.#verifier
    return encoded === null ? [] : reference.enabled(reference.snapshot(encoded))
  }

  #possible(): string[] {
    const encoded = this.#encoded()
    if (encoded === null) return ['the last step failed; nothing comes after it']
    const next = this.#path[this.#at]
    const enabled = this.#enabled()
    const rows = enabled.map(({ thread, step }, index) => {
      const taken = next?.thread === thread && next.step === step
      const text = this.#textOf({ thread, step }, encoded)
      return `${taken ? '*' : ' '} ${index + 1} ${thread} ${step}${text === '' || text === step ? '' : `: ${text}`}`
    })
    return cut([...(rows.length === 0 ? ['no step is possible'] : rows), ...this.#blocked(encoded, enabled)])
  }

  /** Threads without an enabled step, and the guards that block them. */
  #blocked(encoded: Uint16Array, enabled: readonly TraceStep[]): string[] {
    const { system } = this.#replayed
    const { reference } = this.#verifier
    const snapshot = reference.snapshot(encoded)
    return system.threads
      .filter(({ name }) => !enabled.some(({ thread }) => thread === name))
      .flatMap(({ name, flow, counter }) => {
        const at = flow.counters[encoded[counter.index]]
        const own = flow.steps.filter((located) => located.at === at)
        if (own.length === 0) return [`  - ${name} is done`]
        return own.map(
          ({ path }) =>
            `  - ${name} ${path}: ${reference.whyBlocked(snapshot, { thread: name, step: path })}`,
        )
      })
      .map((row) => row.slice(0, 100))
  }

  #take(number: number): string[] {
    const enabled = this.#enabled()
    const chosen = Number.isInteger(number) ? enabled[number - 1] : undefined
    if (chosen === undefined) return [`there are steps 1 to ${enabled.length} to take; l lists them`]
    const next = this.#path[this.#at]
    if (next?.thread === chosen.thread && next.step === chosen.step) return this.#goTo(this.#at + 1)
    this.#path = [...this.#path.slice(0, this.#at), this.#taken(chosen)]
    return this.#goTo(this.#at + 1)
  }

  /** Takes an enabled step by xstate. */
  #taken({ thread, step }: TraceStep): Taken {
    const { system } = this.#replayed
    const { reference } = this.#verifier
    const before = this.#lastEncoded()
    const outcome = reference.step(reference.snapshot(before), { thread, step })
    const fn = this.#located({ thread, step })?.located.step.about.fn
    const text = this.#textOf({ thread, step }, before)
    if (outcome.kind !== 'moved') {
      const fault = outcome.kind === 'fault' ? outcome.fault.message : 'it cannot be taken'
      return { thread, step, fn, text, changes: [], after: null, fault }
    }
    const after = reference.encode(outcome.next)
    return { thread, step, fn, text, changes: changesBetween(system, before, after), after, fault: null }
  }

  #located({ thread: name, step }: TraceStep) {
    const thread = this.#replayed.system.threads.find((t) => t.name === name)
    const located = thread?.flow.steps.find((s) => s.path === step)
    return thread === undefined || located === undefined ? undefined : { thread, located }
  }

  /** The statement of a step in a state. */
  #textOf(step: TraceStep, encoded: Uint16Array): string {
    const found = this.#located(step)
    if (found === undefined) return ''
    return stepText({ ...this.#replayed, states: [encoded] }, { index: 0, ...found })
  }

  /** Goes to the next state in which a condition holds: of the steps taken here, or else by a search from here. */
  #until(text: string): string[] {
    const { system } = this.#replayed
    try {
      const holds = conditionOf(text, variablesOf(system).all)
      for (let at = this.#at + 1; at <= this.#path.length; at++) {
        const { after } = this.#path[at - 1]
        if (after !== null && holds(after)) return this.#goTo(at)
      }
      const encoded = this.#encoded()
      const way = encoded === null ? null : reach(system, encoded, holds)
      if (way === null) return ['no state after this one is like that']
      if (way === 'unknown')
        return ['none of the nearest states is like that; too many follow to look at all']
      this.#path = this.#path.slice(0, this.#at)
      for (const step of way) {
        const own = this.#astray ? undefined : this.#trace[this.#at]
        const isOwn = own?.thread === step.thread && own.step === step.step
        this.#path = [...this.#path, isOwn ? own : this.#taken(step)]
        this.#at++
      }
      return this.here()
    } catch (error) {
      if (error instanceof ExpressionError) return [`until: ${error.message}`]
      throw error
    }
  }

  #back(): string[] {
    const away = this.#path.findIndex((taken, i) => taken !== this.#trace[i])
    this.#path = this.#trace
    return this.#goTo(away < 0 ? this.#at : Math.min(this.#at, away))
  }

  #watch(path: string): string[] {
    if (this.#values.has(path)) {
      this.watched = path
      return [`watching ${path} = ${this.#valueOf(path)}`]
    }
    const near = nearest(path, [...this.#values.keys()])
    return [`no field is called "${quoted(path)}"${near === null ? '' : `; did you mean ${near}?`}`]
  }

  #lastWrite(): string[] {
    if (this.watched === null) return ['watch a field first: w FIELD']
    const isWrite = (step: number): boolean =>
      this.#path[step].changes.some((change) => change.path === this.watched)
    // Where the step just taken is a write, its own turn is over: the one before is meant.
    const repeated = this.#wasLastWrite === this.#at
    for (let i = this.#at - (repeated ? 2 : 1); i >= 0; i--) {
      if (!isWrite(i)) continue
      this.#wasLastWrite = i + 1
      return this.#goTo(i + 1)
    }
    return [`${this.watched} was not written before`]
  }

  /** Writes the counterexample: its own trace, not the steps taken here. */
  #export(form: string): string[] {
    try {
      return [`written: ${quotedPath(writeForm(this.#replayed, form, this.#out))}`]
    } catch (error) {
      if (error instanceof UsageError) return [error.message]
      throw error
    }
  }
}

/** Cuts the rows to what a prompt may print. */
function cut(rows: readonly string[], hint = ''): string[] {
  if (rows.length <= MOST_LINES) return [...rows]
  return [...rows.slice(0, MOST_LINES - 1), `and ${rows.length - MOST_LINES + 1} more${hint}`]
}
