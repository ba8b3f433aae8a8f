import { programFile } from '../program-file.ts'
import { parallelBreadthFirst } from '../search/index.ts'
import { buildForWorkers } from './build-system.ts'
import { disagreements } from './compare.ts'
import type { NaiveResult } from './naive-result.ts'
import { isLivenessPlan, type SystemPlan } from './plan.ts'
import { type Draw, nameOf } from './searches.ts'

/**
 * Compares a search with several workers with the naive checker. In the built program only.
 * @throws Error with the options and the disagreement.
 */
export async function checkWithWorkers(plan: SystemPlan, truth: NaiveResult, pick: Draw): Promise<void> {
  const asked = {
    ...plan,
    properties: plan.properties.filter((p) => p.kind !== 'progress' && !isLivenessPlan(p)),
  }
  const storage = (['exact', 'fingerprint'] as const)[pick(2)]
  const fingerprintBits = ([64, 96, 128] as const)[pick(3)]
  const options = {
    workers: 1 + pick(3),
    storage,
    fingerprintBits,
    slots: 2 << pick(8),
    seed: 1 + pick(1000),
  }
  const source = {
    module: programFile('stress-model').href,
    function: buildForWorkers.name,
    arguments: [asked],
  }
  const result = await parallelBreadthFirst(source, options)
  const relation = { counts: 'equal', storage, bounded: false, sampled: false } as const
  const found = disagreements(asked, truth, result as never, relation)
  if (found.length > 0) throw new Error(`${nameOf(options)}:\n  ${found.join('\n  ')}`)
}
