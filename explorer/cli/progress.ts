import type { Progress } from '../search/breadth-first.ts'
import type { Io } from './io.ts'

const PLAIN_EVERY_MS = 10_000

/**
 * Shows how far the searches are: on a terminal one line that is replaced, otherwise a plain line every ten
 * seconds. Nothing with `quiet`.
 */
export class ProgressDisplay {
  readonly #io: Io
  readonly #quiet: boolean
  readonly #now: () => number
  readonly #running = new Map<string, Progress>()
  #written: number

  constructor(io: Io, quiet: boolean, now: () => number = () => performance.now()) {
    this.#io = io
    this.#quiet = quiet
    this.#now = now
    this.#written = now()
  }

  update(name: string, progress: Progress): void {
    this.#running.set(name, progress)
    if (this.#quiet) return
    if (this.#io.live) this.#io.status(this.#line(name, progress).slice(0, this.#io.width - 1))
    else if (this.#now() - this.#written >= PLAIN_EVERY_MS) {
      this.#written = this.#now()
      for (const [each, itsProgress] of this.#running) this.#io.err(this.#line(each, itsProgress))
    }
  }

  done(name: string): void {
    this.#running.delete(name)
    if (!this.#quiet) this.#io.status('')
  }

  #line(name: string, { states, depth, frontier, seconds }: Progress): string {
    const rate = seconds > 0 ? Math.round(states / seconds) : 0
    return `${name}: ${states} states, depth ${depth}, ${frontier} to expand, ${seconds.toFixed(0)} s, ${rate} states/s`
  }
}
