import { createHash } from 'node:crypto'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'

/**
 * A hash of what two searches must have in common for one to resume the other: the state vector, threads, steps,
 * initial states and properties. What model code does is compared separately, by running it.
 * @param symmetry description of the symmetry that the search uses; null for none.
 */
export function searchIdentityOf(
  system: System,
  properties: readonly Property<never>[],
  symmetry: string | null,
): string {
  const about = {
    name: system.name,
    fields: system.layout.fields.map(({ path, shape, word, shift }) => [
      path,
      shape.type,
      shape.size,
      word,
      shift,
    ]),
    threads: system.threads.map(({ name, self, flow }) => [
      name,
      self,
      flow.counters,
      [...flow.validEnds],
      flow.steps.map((located) => [
        located.path,
        located.at,
        located.step.cases.map((_, n) => flow.target(located, n)),
      ]),
    ]),
    initial: system.initial.map((encoded) => [...encoded]),
    properties: properties.map((property) => [property.id, property.kind]),
    symmetry,
  }
  return createHash('sha256').update(JSON.stringify(about)).digest('hex')
}
