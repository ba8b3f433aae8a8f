import { ModelError } from '../../../model/language/errors.ts'
import type { Observation } from '../../../model/language/observation.ts'
import type { Change } from '../../../model/scenarios/additions.ts'
import { type Followed, Following, type FollowResult } from '../../trace/index.ts'
import type { Taker } from './passes.ts'
import type { FittedLog, ObservedSlice, SliceOfLog } from './traced-model.ts'

/** What came of one slice. `reason` says why it was not followed. */
export interface SliceResult {
  readonly id: string
  readonly about: string
  readonly reason: string | null
  /** The reason is the design, which changes what the slice leaves out. */
  readonly isUnfit: boolean
  readonly result: FollowResult | null
  readonly seconds: number
}

/**
 * One slice of a log on its way through three passes: what it has to have room for, the observations of each thread, and
 * following.
 */
export class SliceRun<W, E> {
  readonly #id: string
  readonly #survey: ReturnType<SliceOfLog<W, E>['survey']>
  readonly #frontier: number
  #about = ''
  #reason: string | null = null
  #isUnfit = false
  #hasDesign = false
  #slice: ObservedSlice<W, E> | null = null
  #following: Following | null = null
  #result: FollowResult | null = null
  #seconds = 0

  constructor({ id, survey }: SliceOfLog<W, E>, frontier: number) {
    this.#id = id
    this.#survey = survey()
    this.#frontier = frontier
  }

  /** Whether there is something to follow, after the first pass. */
  get isFollowed(): boolean {
    return this.#following !== null
  }

  /** Adds to the time that the slice took. */
  took(seconds: number): void {
    this.#seconds += seconds
  }

  /** Takes part in the first pass. */
  surveying(): Taker<E> {
    return { push: (event) => this.#survey.push(event) }
  }

  /** Fits the slice to the log, after the first pass. */
  fit(design: Change<W> | undefined): void {
    const begun = performance.now()
    const fitted = this.#survey.end()
    if (typeof fitted === 'string') this.#reason = fitted
    else {
      this.#about = fitted.about
      this.#slice = this.#observed(fitted, design)
      if (this.#slice !== null)
        this.#following = new Following(this.#slice as unknown as Followed, { frontier: this.#frontier })
    }
    this.took((performance.now() - begun) / 1000)
  }

  #observed(fitted: FittedLog<W, E>, design: Change<W> | undefined): ObservedSlice<W, E> | null {
    this.#hasDesign = design !== undefined
    try {
      return fitted.observed(design)
    } catch (error) {
      this.#refuse(error, 'changes')
      return null
    }
  }

  /** Of a design that the slice cannot follow. @throws error if it is anything else. */
  #refuse(error: unknown, does: 'changes' | 'uses'): void {
    if (!this.#hasDesign || !(error instanceof ModelError)) throw error
    this.#isUnfit = true
    this.#reason = `not followed: the design ${does} what this slice leaves out (${error.message})`
  }

  /** Takes part in the second pass. */
  counting(): Pass<E> {
    const following = this.#following as Following
    return this.#pass((observation) => {
      following.count(observation)
      return true
    })
  }

  /** Takes part in the third pass. */
  following(): Pass<E> {
    const following = this.#following as Following
    const pass = this.#pass((observation) => following.push(observation))
    const tried = (act: () => void): void => {
      try {
        act()
      } catch (error) {
        this.#refuse(error, 'uses')
      }
    }
    const isUnfit = (): boolean => this.#isUnfit
    return {
      push: (event, line, text) => tried(() => pass.push(event, line, text)),
      get isDone() {
        return isUnfit() || pass.isDone
      },
      end: () => {
        if (isUnfit()) return
        tried(() => {
          pass.end()
          this.#result = following.result()
        })
      },
    }
  }

  #pass(take: (observation: Observation) => boolean): Pass<E> {
    const watch = (this.#slice as ObservedSlice<W, E>).watch()
    let isDone = false
    const takeAll = (observations: Iterable<Observation<W>>): void => {
      for (const observation of observations) {
        if (isDone) return
        isDone = !take(observation as unknown as Observation)
      }
    }
    return {
      push: (event, _, text) => takeAll(watch.push(event, text)),
      get isDone() {
        return isDone
      },
      end: () => {
        if (!isDone) takeAll(watch.end())
      },
    }
  }

  get result(): SliceResult {
    return {
      id: this.#id,
      about: this.#about,
      reason: this.#reason,
      isUnfit: this.#isUnfit,
      result: this.#result,
      seconds: this.#seconds,
    }
  }
}

/** A pass of a slice, with what is left at the end of the log. */
export interface Pass<E> extends Taker<E> {
  readonly isDone: boolean
  end(): void
}
