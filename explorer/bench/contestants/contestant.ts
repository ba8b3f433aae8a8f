import type { Counts, ModelInstance } from '../catalogue.ts'
import type { Command } from '../child-process.ts'

export type Tool = 'ours' | 'spin' | 'rumur' | 'c' | 'xstate-graph'

/** What is measured: the search alone, or everything from the source text to the verdict. */
export type Task = 'search' | 'latency'

/** A model made ready for one contestant. */
export interface Prepared {
  readonly command: Command
  /** Reads the counts from the output. @throws Error if the run did not finish without errors. */
  counts(output: string): Counts
}

/** A tool in one of its modes. */
export interface Contestant {
  readonly id: string
  readonly tool: Tool
  /** As the table shows it. */
  readonly title: string
  /** How it is built and run, so that a reader can judge whether the comparison is fair. */
  readonly flags: string
  /** Whether it counts orbits of states under permutations of interchangeable ids. */
  readonly orbits: boolean
  /** Does everything that is not measured, in an empty folder. */
  prepare(instance: ModelInstance, folder: string, task: Task): Prepared
}
