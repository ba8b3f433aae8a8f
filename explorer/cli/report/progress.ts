import type { Limits, Progress } from '../../search/index.ts'
import type { Io } from '../io.ts'

const PLAIN_EVERY_MS = 10_000
const MIB = 1024 * 1024

export interface ProgressOptions {
  readonly quiet: boolean
  /** Number of searches in the run. */
  readonly searches: number
  readonly limits?: Limits
}

/**
 * Shows how far the searches are: on a terminal one line that is overwritten, otherwise a plain line every ten seconds.
 * The number of states is unknown before the end, so progress is measured in used-up limits and finished searches.
 */
export class ProgressDisplay {
  readonly #io: Io
  readonly #options: ProgressOptions
  readonly #now: () => number
  readonly #running = new Map<string, Progress>()
  #done = 0
  #written: number

  constructor(io: Io, options: ProgressOptions, now: () => number = () => performance.now()) {
    this.#io = io
    this.#options = options
    this.#now = now
    this.#written = now()
  }

  update(name: string, progress: Progress): void {
    this.#running.set(name, progress)
    if (this.#options.quiet) return
    if (this.#io.live) this.#io.status(this.#line(name, progress).slice(0, this.#io.width - 1))
    else if (this.#now() - this.#written >= PLAIN_EVERY_MS) {
      this.#written = this.#now()
      for (const [each, itsProgress] of this.#running) this.#io.err(this.#line(each, itsProgress))
    }
  }

  done(name: string): void {
    this.#running.delete(name)
    this.#done++
    if (!this.#options.quiet) this.#io.status('')
  }

  #line(name: string, progress: Progress): string {
    const { states, depth, frontier, seconds, bytes } = progress
    const { searches } = this.#options
    const rate = seconds > 0 ? Math.round(states / seconds) : 0
    const parts = [
      `${short(states)} states`,
      `${short(rate)}/s`,
      // Unknown when workers share the search.
      ...(frontier === 0 && depth === 0 ? [] : [`${short(frontier)} to expand`, `depth ${depth}`]),
      `${Math.ceil(bytes / MIB)} MiB`,
      `${seconds.toFixed(0)} s`,
      ...this.#limits(progress),
    ]
    const which = searches > 1 ? `${this.#done + 1}/${searches} ` : ''
    return `${which}${name}: ${parts.join(', ')}`
  }

  /** How much of each limit is used up. */
  #limits({ states, depth, seconds }: Progress): string[] {
    const { maxStates, maxDepth, timeLimit } = this.#options.limits ?? {}
    const used = (value: number, most: number | undefined, flag: string): string[] =>
      most === undefined ? [] : [`${Math.floor((100 * value) / most)}% of ${flag}`]
    return [
      ...used(states, maxStates, '--max-states'),
      ...used(depth, maxDepth, '--max-depth'),
      ...used(seconds, timeLimit, '--time-limit'),
    ]
  }
}

/** `999`, `12.3k`, `4.56M`. */
function short(count: number): string {
  if (count < 10_000) return String(count)
  return count < 1_000_000 ? `${(count / 1000).toFixed(1)}k` : `${(count / 1_000_000).toFixed(2)}M`
}
