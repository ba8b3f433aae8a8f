// How a model is drawn. A model that has a drawing gives its readers pictures of its states; what shows counterexamples
// needs to know nothing else of the model.

/** One thing in a picture: a table, a list, a CPU. */
export interface Box {
  /** Names the thing in all states, `page0`. */
  readonly id: string
  /** Index of the row of boxes that it stands in, from the top; the first that a trace gives to a box is kept. */
  readonly band: number
  readonly title: string
  /** Its properties, one line each. */
  readonly notes?: readonly string[]
  readonly cells?: readonly Cell[]
  /** Freed, or empty: drawn, dashed, only while something that is not gone points at it. */
  readonly gone?: boolean
}

/** A line of a box, which may point at something. */
export interface Cell {
  /** Names the cell within its box, `spte[0]`. */
  readonly name: string
  readonly text: string
  /** The id of a box, or `BOX.CELL`; ignored if there is no such thing. */
  readonly to?: string
  /** `pointer` is the default; `back` leads from what is pointed at to what points there; `copy` is cached. */
  readonly link?: 'pointer' | 'back' | 'copy'
}

/** A thread, as it is composed: the kind of its program, and which instance it is. */
export interface Actor {
  readonly kind: string
  readonly self: number
}

/** What a step does to another thread. */
export interface Signal {
  readonly kind: 'request' | 'IPI' | 'flush'
  readonly to: Actor
  /** For readers: `FREE_OBSOLETE_ROOTS`. */
  readonly text: string
}

/** How the states and steps of a model are drawn. Its functions read the world, and never change it. */
export interface Drawing<W> {
  /** Titles of the bands, from the top; boxes name them by index. */
  readonly bands: readonly string[]
  /** Every box, in a fixed order from left to right; those that are gone, too, because something may point at them. */
  boxes(world: W): readonly Box[]
  /** The locks that are held, by names that differ for each holder of one that several may hold. */
  locks(world: W): readonly string[]
  /** What the thread that changed `before` to `after` did to others. */
  signals(before: W, after: W, by: Actor): readonly Signal[]
}
