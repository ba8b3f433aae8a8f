import { createInterface } from 'node:readline'
import { itemsOf } from '../../counterexamples/items.ts'
import type { Replayed, ReplayedStep } from '../../counterexamples/replay.ts'
import { Reference } from '../compile/reference.ts'
import type { Io } from './io.ts'
import { nearest } from './nearest.ts'

/** A prompt prints at most this many lines. */
const MOST_LINES = 10

/** Shown on a terminal only. */
const PROMPT = '> '

/** Commands, as `h` lists them. */
const HELP = [
  'n next step        N next of this thread   g N  go to step N',
  'p previous step    P previous of it        q    quit',
  's [text]  state, fields that contain text',
  'd         what changed since the beginning',
  'l         steps that are possible here, besides the one taken',
  'w FIELD   watch a field      rw  back to the step that wrote it last',
]

/** Where the user is. `at` steps were taken. */
class Walk {
  at = 0
  watched: string | null = null
  readonly #replayed: Replayed
  readonly #reference: Reference
  readonly #values: ReadonlyMap<string, (state: Uint16Array) => string>

  constructor(replayed: Replayed) {
    this.#replayed = replayed
    this.#reference = new Reference(replayed.system)
    this.#values = new Map(
      itemsOf(replayed.system)
        .all.filter((item) => !item.counter)
        .map((item) => [item.path, (state: Uint16Array) => item.value(state)]),
    )
  }

  /** Runs one command and says what to print; null to quit. */
  answer(line: string): string[] | null {
    const [command = 'n', ...rest] = line.trim() === '' ? [] : line.trim().split(/\s+/)
    const argument = rest.join(' ')
    switch (command) {
      case 'n':
        return this.#goTo(this.at + 1)
      case 'p':
        return this.#goTo(this.at - 1)
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
      case 'w':
        return this.#watch(argument)
      case 'rw':
        return this.#lastWrite()
      case 'h':
      case '?':
        return [...HELP]
      case 'q':
        return null
      default:
        return [`unknown command "${command}"; h lists them`]
    }
  }

  /** The step just taken, or the beginning. */
  here(): string[] {
    const { steps, counterexample: ce, fault } = this.#replayed
    if (this.at === 0) return [`at the beginning, ${steps.length} steps to go; h for help`]
    const step = steps[this.at - 1]
    const lines = [`${this.at}/${steps.length} ${nameOf(step)}`]
    for (const { path, before, after } of step.changes.slice(0, MOST_LINES - 4)) {
      lines.push(`    ${path}: ${before} -> ${after}`)
    }
    if (step.changes.length > MOST_LINES - 4)
      lines.push(`    and ${step.changes.length - MOST_LINES + 4} more`)
    if (this.watched !== null) lines.push(`    watched ${this.watched} = ${this.#valueOf(this.watched)}`)
    if (this.at === ce.loopStart) lines.push('    from here on it repeats')
    if (this.at === steps.length) lines.push(`    <--- ${fault?.message ?? `violates ${ce.property}`}`)
    return lines
  }

  #goTo(step: number): string[] {
    const { length } = this.#replayed.steps
    if (!Number.isInteger(step) || step < 0 || step > length) return [`there are steps 0 to ${length}`]
    this.at = step
    return this.here()
  }

  #sameThread(direction: 1 | -1): string[] {
    const { steps } = this.#replayed
    const thread = steps[Math.max(0, this.at - 1)]?.thread
    for (let i = this.at - 1 + direction; i >= 0 && i < steps.length; i += direction) {
      if (steps[i].thread === thread) return this.#goTo(i + 1)
    }
    return [`no ${direction === 1 ? 'later' : 'earlier'} step of ${thread?.name ?? 'any thread'}`]
  }

  #codes(): Uint16Array {
    const { states } = this.#replayed
    return states[Math.min(this.at, states.length - 1)]
  }

  #valueOf(path: string): string {
    return this.#values.get(path)?.(this.#codes()) ?? 'none'
  }

  #state(text: string): string[] {
    const rows = [...this.#values.keys()]
      .filter((path) => path.includes(text))
      .map((path) => `${path} = ${this.#valueOf(path)}`)
    if (rows.length <= MOST_LINES) return rows.length === 0 ? [`no field contains "${text}"`] : rows
    return [...rows.slice(0, MOST_LINES - 1), `and ${rows.length - MOST_LINES + 1} more; s TEXT shows some`]
  }

  #since(): string[] {
    const first = this.#replayed.states[0]
    const rows = [...this.#values].flatMap(([path, value]) => {
      const [before, now] = [value(first), value(this.#codes())]
      return before === now ? [] : [`${path}: ${before} -> ${now}`]
    })
    if (rows.length === 0) return ['nothing has changed since the beginning']
    return rows.length <= MOST_LINES
      ? rows
      : [...rows.slice(0, MOST_LINES - 1), `and ${rows.length - MOST_LINES + 1} more`]
  }

  #possible(): string[] {
    const { states, steps } = this.#replayed
    if (this.at >= states.length) return ['the last step failed; nothing comes after it']
    const next = steps[this.at]
    const enabled = this.#reference.enabled(this.#reference.snapshot(this.#codes()))
    const rows = enabled.map(({ thread, step }) => {
      const taken = next?.thread.name === thread && next.located.path === step
      return `${taken ? '*' : ' '} ${thread} ${step}`
    })
    return rows.length === 0 ? ['no step is possible'] : rows.slice(0, MOST_LINES)
  }

  #watch(path: string): string[] {
    if (this.#values.has(path)) {
      this.watched = path
      return [`watching ${path} = ${this.#valueOf(path)}`]
    }
    const near = nearest(path, [...this.#values.keys()])
    return [`no field is called "${path}"${near === null ? '' : `; did you mean ${near}?`}`]
  }

  #lastWrite(): string[] {
    if (this.watched === null) return ['watch a field first: w FIELD']
    for (let i = this.at - 1; i >= 0; i--) {
      if (!this.#replayed.steps[i].changes.some((c) => c.path === this.watched)) continue
      return this.#goTo(i + 1)
    }
    return [`${this.watched} was not written before`]
  }
}

/** Steps through a replayed counterexample, a line per command, until `q` or the end of the input. */
export async function stepThrough(io: Io, replayed: Replayed): Promise<void> {
  const walk = new Walk(replayed)
  for (const line of walk.here()) io.out(line)
  io.status(PROMPT)
  const lines = createInterface({ input: io.input, terminal: false })
  for await (const line of lines) {
    const answer = walk.answer(line)
    if (answer === null) break
    for (const each of answer) io.out(each)
    io.status(PROMPT)
  }
  lines.close()
}

function nameOf({ thread, located }: ReplayedStep): string {
  const { fn } = located.step.about
  return `${thread.name} ${located.path}${fn === undefined ? '' : ` (${fn})`}`
}
