import type { Layout } from '../../../model/language/layout.ts'
import type { ChangedField } from '../../trace/recorded-reads.ts'
import { StateMonitor, type StateVerdict } from '../../trace/state-monitor.ts'
import type { Taker } from './passes.ts'
import type { StateReplay, TracedModel } from './traced-model.ts'

/** What came of holding properties against the states of a log. */
export interface StatesResult<W> {
  readonly verdicts: readonly StateVerdict<W>[]
  readonly unobserved: StateReplay<W, unknown>['unobserved']
  readonly states: number
  /** The log and the reconstruction disagree from this line on; null if they never did. */
  readonly disagreement: { readonly line: number; readonly text: string; readonly what: string } | null
  /** The lines of violations, as the log has them. */
  readonly texts: ReadonlyMap<number, string>
}

/** A change of something that is watched. */
export type OnChange = (line: number, field: string, from: string, to: string) => void

/** Level 1: replays a log, in one pass over it, and judges each state. */
export class StatesRun<W, E> implements Taker<E> {
  readonly #model: TracedModel<W, E>
  readonly #replay: StateReplay<W, E>
  readonly #monitor: StateMonitor<W>
  readonly #states: ReturnType<StateReplay<W, E>['begin']>
  readonly #texts = new Map<number, string>()
  #disagreement: StatesResult<W>['disagreement'] = null
  #line = 0
  #text = ''
  #known = 0

  constructor(
    model: TracedModel<W, E>,
    replay: StateReplay<W, E>,
    watch: { readonly what: string; readonly onChange: OnChange } | null,
  ) {
    this.#model = model
    this.#replay = replay
    const monitor = new StateMonitor<W>(replay.layout, replay.observed)
    this.#monitor = monitor
    this.#states = replay.begin({
      world: monitor.world,
      at: monitor.at,
      took: (step) => {
        if (watch !== null) {
          const paths = this.#states.pathsOf(watch.what)
          report(replay.layout, monitor.changed(), paths, this.#line, watch.onChange)
        }
        monitor.took(step, this.#line)
      },
    })
  }

  /** The log and the replay disagree: nothing after it is judged. */
  get isDone(): boolean {
    return this.#disagreement !== null
  }

  push(event: E, line: number, text: string): void {
    this.#line = line
    this.#text = text
    this.#agree(() => this.#states.push(event))
    if (!this.#monitor.isViolated) return
    const violated = this.#monitor.verdicts.filter(({ violatedAt }) => violatedAt !== null).length
    if (violated > this.#known) this.#texts.set(line, text.trim())
    this.#known = violated
  }

  /** The log is over. */
  end(): void {
    if (!this.isDone) this.#agree(() => this.#states.end())
  }

  #agree(run: () => void): void {
    try {
      run()
    } catch (error) {
      if (!this.#model.isDisagreement(error)) throw error
      this.#disagreement = { line: this.#line, text: this.#text.trim(), what: error.message }
    }
  }

  /** Whether something was found that is not as it should be. */
  get isNoticed(): boolean {
    return this.isDone || this.#monitor.isViolated
  }

  get result(): StatesResult<W> {
    const { verdicts, states } = this.#monitor
    const { unobserved } = this.#replay
    return { verdicts, unobserved, states, disagreement: this.#disagreement, texts: this.#texts }
  }
}

function report(
  { fields }: Layout,
  changes: readonly ChangedField[],
  prefixes: readonly string[],
  line: number,
  onChange: OnChange,
): void {
  for (const { field, from, to } of changes) {
    const { path, shape } = fields[field]
    if (prefixes.some((prefix) => path.startsWith(prefix)))
      onChange(line, path, String(shape.decode(from)), String(shape.decode(to)))
  }
}
