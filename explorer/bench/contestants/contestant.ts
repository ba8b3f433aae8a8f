import type { Counts, ModelInstance } from '../catalogue.ts'
import type { Command } from '../child-process.ts'

export type Tool = 'ours' | 'spin' | 'rumur' | 'c' | 'xstate-graph'

/** What a contestant is asked for: the search alone, or everything from the source text to the verdict. */
export type Task = 'search' | 'latency'

/** A model made ready for one contestant. */
export interface Prepared {
  readonly command: Command
  /** Reads the counts off the output; throws when the run did not end as it should. */
  counts(output: string): Counts
}

/** A tool in one of its modes. */
export interface Contestant {
  readonly id: string
  readonly tool: Tool
  /** As the table shows it. */
  readonly title: string
  /** How it is built and run, for the reader who wants to know whether that was fair. */
  readonly flags: string
  /** True when it counts orbits of states under permutation of interchangeable ids. */
  readonly orbits: boolean
  /** Makes everything that is not measured, in an empty folder of its own. */
  prepare(instance: ModelInstance, folder: string, task: Task): Prepared
}
