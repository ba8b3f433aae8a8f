import type { System } from '../../../model/language/system.ts'
import type { TraceStep } from '../../../model/language/trace.ts'
import type { CompiledSystem } from '../../compile/compiled-system.ts'
import type { VectorStore } from '../../state/vector-store.ts'
import { compiledFor } from '../composition.ts'
import type { Limits } from '../limits.ts'
import { exploreGraph } from '../liveness/explore.ts'
import type { LabelledGraph } from '../liveness/labelled-graph.ts'
import type { Progress } from '../search-options.ts'
import { namedSteps } from '../step-names.ts'
import type { StopReason } from '../stop-reason.ts'

/** The graph of a system with the names of its steps, for comparing it with that of another system. */
export interface NamedGraph {
  readonly system: System
  readonly compiled: CompiledSystem
  readonly graph: LabelledGraph
  readonly store: VectorStore
  /** By step number. */
  readonly steps: readonly TraceStep[]
  /** Why the graph is not complete, or null. */
  readonly stopped: StopReason | null
}

/**
 * Explores a system in full, without reduction.
 * @throws ModelError when the model is wrong.
 */
export function namedGraph<W>(
  system: System<W>,
  options: Limits & { readonly onProgress?: (progress: Progress) => void } = {},
): NamedGraph {
  const compiled = compiledFor(system, [], {})
  const { graph, store, stopped } = exploreGraph(compiled, options)
  compiled.recheck(1)
  const steps = namedSteps(
    system,
    compiled.steps,
    compiled.steps.map(({ index }) => index),
  )
  return { system, compiled, graph, store, steps, stopped }
}
