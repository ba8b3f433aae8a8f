/** Which steps a thread may stand at. A constant of a module: what a call of `isAt` divides paths by is kept. */
export type Places = (path: string) => boolean

/** Declares places, at the top of a module. */
export const places = (are: Places): Places => are

/** Program counters of one kind of thread, as properties see them. */
export interface CountersOfKind {
  readonly [self: number]: string
  readonly length: number
}

/** A view of program counters answers here which places one of them is at. */
export const PLACED = Symbol('placed')

/** The view of an array of program counters. */
interface PlacedCounters {
  readonly [PLACED]?: (self: number, places: Places) => boolean
}

/**
 * Whether a thread stands at one of these places: `isAt(at.vcpu, v, IN_GUEST)`. Means the same as
 * `places(at.vcpu[v])`, but then a property depends on the path, and is evaluated anew for each combination of the paths
 * of all threads it looks at; like this it depends on the answer only.
 */
export function isAt(counters: CountersOfKind, self: number, places: Places): boolean {
  const asked = (counters as PlacedCounters)[PLACED]
  return asked === undefined ? places(counters[self]) : asked(self, places)
}
