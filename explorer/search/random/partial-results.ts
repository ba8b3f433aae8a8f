import { isLiveness, type Property } from '../../../model/language/property.ts'
import type { Trace } from '../../../model/language/trace.ts'
import type { Sampler } from '../composition.ts'
import type { PropertyResult } from '../result.ts'

/** Ids of the wanted properties that a search can decide without visiting everything. Default: of all properties. */
export function decidableIn(
  properties: readonly Property<never>[],
  wanted: readonly string[] = properties.map(({ id }) => id),
): readonly string[] {
  return properties.filter((p) => graphOf(p) === null && wanted.includes(p.id)).map(({ id }) => id)
}

/** The results of a search that does not visit everything: what it found, all else inconclusive. */
export function partialResults(
  { compiled, monitor }: Pick<Sampler<Trace>, 'compiled' | 'monitor'>,
  properties: readonly Property<never>[],
  states: number,
): PropertyResult[] {
  const results = monitor.results({
    complete: false,
    states,
    stateGraph: null,
    eachActionRecord: (visit) => compiled.eachRecord((record) => visit(compiled.records, record)),
    traceTo: (trace) => trace,
  })
  return results.map((result, n) => {
    const of = graphOf(properties[n])
    if (of === null) return result
    return { ...result, antecedent: 0, reason: { kind: 'needs-exhaustive-search', of } }
  })
}

/** The kind of a property that is decided on the whole graph; null for one that a state or step decides. */
function graphOf(property: Property<never>): 'liveness' | 'progress' | null {
  if (isLiveness(property)) return 'liveness'
  return property.kind === 'progress' ? 'progress' : null
}
