import { InputError } from '../../../counterexamples/input-file.ts'
import type { Change } from '../../../model/scenarios/additions.ts'
import { EXIT, worstOf } from '../exit-status.ts'
import type { LogFile } from './log-file.ts'
import { readThrough, type Taker } from './passes.ts'
import { type SliceResult, SliceRun } from './slice-run.ts'
import { type OnChange, type StatesResult, StatesRun } from './states.ts'
import type { CountedLog, TracedModel } from './traced-model.ts'

export interface TraceSettings {
  readonly levels: ReadonlySet<1 | 2>
  /** Only this slice. */
  readonly slice: string | null
  readonly version: string | null
  readonly frontier: number
  /** Refuse events of unknown kinds. */
  readonly strict: boolean
  readonly watch: { readonly what: string; readonly onChange: OnChange } | null
}

/** What came of one log. */
export interface LogResult<W = unknown> {
  readonly name: string
  /** Why it cannot be read or used; null if it was. */
  readonly refused: string | null
  readonly counted: CountedLog<W, unknown> | null
  /** Level 1; a sentence where there is none. Null if it was not asked for. */
  readonly states: StatesResult<W> | string | null
  readonly slices: readonly SliceResult[]
  /** What level 1 took, and one pass of reading on the average. */
  readonly seconds: { readonly states: number; readonly reading: number }
}

/**
 * Reads, replays and follows one log, in at most four passes over it: the census; the states, and what the slices need
 * room for; the observations of each thread; and following, all slices at once.
 * @throws Interrupted when `stop` says so.
 */
export async function runLog<W, E>(
  file: LogFile,
  model: TracedModel<W, E>,
  settings: TraceSettings,
  design: Change<W> | undefined,
  stop: () => boolean = () => false,
): Promise<LogResult<W>> {
  const nothing = {
    name: file.name,
    counted: null,
    states: null,
    slices: [],
    seconds: { states: 0, reading: 0 },
  }
  try {
    return await new LogRun(file, model, settings, stop).run(design)
  } catch (error) {
    if (error instanceof InputError) return { ...nothing, refused: `cannot be read: ${error.message}` }
    if (model.isOfLog(error)) return { ...nothing, refused: error.message }
    throw error
  }
}

class LogRun<W, E> {
  readonly #file: LogFile
  readonly #model: TracedModel<W, E>
  readonly #settings: TraceSettings
  readonly #stop: () => boolean
  #passes = 0
  #reading = 0

  constructor(file: LogFile, model: TracedModel<W, E>, settings: TraceSettings, stop: () => boolean) {
    this.#file = file
    this.#model = model
    this.#settings = settings
    this.#stop = stop
  }

  async run(design: Change<W> | undefined): Promise<LogResult<W>> {
    const counted = await this.#count()
    const states = this.#beginStates(counted)
    const slices = this.#slicesOf(counted)
    const replayed = states instanceof StatesRun ? [states] : []
    const [ofStates = 0, ...surveyed] = await this.#pass([
      replayed[0] ?? DONE,
      ...slices.map((slice) => slice.surveying()),
    ])
    replayed[0]?.end()
    slices.forEach((slice, n) => {
      slice.took(surveyed[n])
      slice.fit(design)
    })
    const followed = slices.filter(({ isFollowed }) => isFollowed)
    for (const step of ['counting', 'following'] as const) {
      const passes = followed.map((slice) => slice[step]())
      const took = await this.#pass(passes)
      followed.forEach((slice, n) => {
        const begun = performance.now()
        passes[n].end()
        slice.took(took[n] + (performance.now() - begun) / 1000)
      })
    }
    return {
      name: this.#file.name,
      refused: null,
      counted,
      states: states instanceof StatesRun ? states.result : states,
      slices: slices.map(({ result }) => result),
      seconds: { states: ofStates, reading: this.#reading / this.#passes },
    }
  }

  async #count(): Promise<CountedLog<W, E>> {
    const census = this.#model.census(this.#settings.version)
    await this.#pass([{ push: (event) => census.push(event) }], this.#settings.strict)
    return census.end()
  }

  #beginStates(counted: CountedLog<W, E>): StatesRun<W, E> | string | null {
    if (!this.#settings.levels.has(1)) return null
    const replay = counted.states()
    return typeof replay === 'string' ? replay : new StatesRun(this.#model, replay, this.#settings.watch)
  }

  #slicesOf(counted: CountedLog<W, E>): SliceRun<W, E>[] {
    const { levels, slice: only, frontier } = this.#settings
    if (!levels.has(2)) return []
    return counted
      .slices()
      .filter(({ id }) => only === null || id === only)
      .map((slice) => new SliceRun(slice, frontier))
  }

  /** A pass over the log, unless all takers are done. @returns the seconds of each taker. */
  async #pass(takers: readonly Taker<E>[], strict = false): Promise<readonly number[]> {
    if (takers.every(({ isDone }) => isDone === true)) return takers.map(() => 0)
    const seconds = await readThrough(this.#file, this.#model.reader(strict), takers, this.#stop)
    this.#passes++
    this.#reading += seconds.reading
    return seconds.takers
  }
}

/** Takes nothing. */
const DONE: Taker<unknown> = { push: () => {}, isDone: true }

/** The exit status for a log. */
export function statusOf<W>({ refused, states, slices }: LogResult<W>): number {
  if (refused !== null) return EXIT.usage
  const ofSlices = slices.map(({ result }) =>
    result === null
      ? EXIT.holds
      : { followed: EXIT.holds, rejected: EXIT.violated, inconclusive: EXIT.inconclusive }[
          result.verdict.kind
        ],
  )
  return worstOf([
    statusOfStates(states),
    ...ofSlices,
    ...(isNothingFollowed(states, slices) ? [EXIT.inconclusive] : []),
  ])
}

function statusOfStates<W>(states: LogResult<W>['states']): number {
  if (states === null) return EXIT.holds
  if (typeof states === 'string') return EXIT.inconclusive
  if (states.disagreement !== null || states.verdicts.some(({ violatedAt }) => violatedAt !== null))
    return EXIT.violated
  return states.verdicts.some(({ judged }) => judged > 0) ? EXIT.holds : EXIT.inconclusive
}

/**
 * Nothing was judged at all: only slices were asked for, and the log has none of them; or nothing of the design, which
 * level 1 does not see.
 */
const isNothingFollowed = <W>(states: LogResult<W>['states'], slices: readonly SliceResult[]): boolean =>
  slices.every(({ result }) => result === null) && (states === null || slices.some(({ isUnfit }) => isUnfit))
