import type { Layout } from '../../../model/language/layout.ts'
import type { Observation, ObservedLog } from '../../../model/language/observation.ts'
import type { StepView } from '../../../model/language/property.ts'
import type { Counters } from '../../../model/language/system.ts'
import type { Change } from '../../../model/scenarios/additions.ts'
import type { Judged } from '../../trace/state-monitor.ts'
import type { Tamperable } from '../../trace/tamper.ts'

/**
 * How logs of the real system are read and replayed: what the command line knows of them. `W` is the world of the model,
 * `E` an event of a log.
 */
export interface TracedModel<W, E = unknown> {
  /** The versions that logs can be of, oldest first: `6.12`. */
  readonly versions: readonly string[]
  /** What a log of a version is recorded with, line by line. */
  recipe(version: string): readonly string[]
  /** Begins to read a log. */
  reader(strict: boolean): LineReader<E>
  /** Begins the first pass over a log. @param version of the log, if it is known. */
  census(version: string | null): Survey<E, CountedLog<W, E>>
  /** How events are changed in copies of a log; absent if that is not known. */
  readonly tampering?: Tamperable<E>
  /** The error is about the log, not about this program: one line says what is wrong with it. */
  isOfLog(error: unknown): error is Error
  /** The error is that the log and the state reconstructed from it disagree. */
  isDisagreement(error: unknown): error is Error & { readonly line: number }
}

/** Reads one line after the other. */
export interface LineReader<E> {
  /** @returns null for a line without an event. @throws for what is no log. */
  push(line: string): E | null
  /** @param unfinished whether the last line had no line feed. @throws for a log that is cut. */
  end(unfinished: boolean): void
}

/** A pass over a log. */
export interface Survey<E, R> {
  push(event: E): void
  end(): R
}

/** What the first pass has found. */
export interface CountedLog<W, E> {
  readonly version: string
  readonly events: number
  /** What the log is of, for the first line of the result: `6.12, npt=0`. */
  readonly about: string
  /** What it has of everything: `2 vCPUs`, `10 pages`. */
  readonly counts: readonly string[]
  /** Events of unknown kinds, with their numbers. */
  readonly unknown: readonly string[]
  /** Level 1; in its place a reason why there is none, as part of a sentence. */
  states(): StateReplay<W, E> | string
  /** Level 2: the parts of the model that the log can be followed with. */
  slices(): readonly SliceOfLog<W, E>[]
}

/** The replay of a log on the state of the model. */
export interface StateReplay<W, E> {
  readonly layout: Layout
  readonly observed: readonly Judged<W>[]
  /** The properties that the log says too little for, and what is missing. */
  readonly unobserved: readonly { readonly id: string; readonly missing: string }[]
  begin(stage: { readonly world: W; readonly at: Counters; took(step: StepView | null): void }): {
    push(event: E): void
    /** The log is over. Throws as `push` does. */
    end(): void
    /** The parts of the state that belong to what the log calls so (`page=0xffff...`), now: prefixes of field paths. */
    pathsOf(watched: string): readonly string[]
  }
}

/** A part of the model that a log may be followed with. */
export interface SliceOfLog<W, E> {
  readonly id: string
  /** A second pass that finds out what the slice has to have room for; a sentence where it cannot be followed. */
  survey(): Survey<E, FittedLog<W, E> | string>
}

export interface FittedLog<W, E> {
  readonly about: string
  /** @throws ModelError for a design that changes what is not in the slice. */
  observed(design?: Change<W>): ObservedSlice<W, E>
}

/** A slice of a log, to be followed. */
export interface ObservedSlice<W, E> extends Pick<ObservedLog<W>, 'system' | 'observable' | 'harness'> {
  /** Begins a pass over the log. Each pass makes the same observations. */
  watch(): {
    /** @param text the event as the log has it. */
    push(event: E, text: string): Iterable<Observation<W>>
    /** What is left at the end of the log. */
    end(): Iterable<Observation<W>>
  }
}
