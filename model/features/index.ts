import { z } from 'zod'
import { ModelError } from '../language/errors.ts'
import { inOrder, placed } from '../language/placed.ts'
import { each, type ThreadGroup } from '../language/system.ts'
import { vcpuRun } from '../machines/vcpu/vcpu-run.ts'
import type { Added } from '../memory/added.ts'
import { type Bounds, type BoundsInput, boundsSchema, has_only_tdp } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import type { Sorts } from '../memory/sorts.ts'
import type { Feature } from './feature.ts'
import { features } from './registry.ts'

/** Features that declare their options themselves. */
type Own = Extract<(typeof features)[number], { readonly options: z.ZodType }>

/** Bounds as a scenario writes them, options of features in one file included. */
export type ScenarioBounds = BoundsInput & { readonly [F in Own as F['id']]?: z.input<F['options']> }

const all: readonly Feature[] = features
const own = features.filter((feature): feature is Own => 'options' in feature)

/** The schema of a scenario's bounds. */
export const scenarioBounds = z.strictObject({
  ...boundsSchema.shape,
  ...Object.fromEntries(own.map(({ id, options }) => [id, options])),
})

/**
 * Fills in the defaults: what is left out is off.
 * @throws ZodError for bounds out of range, ModelError for bounds that make no sense together.
 */
export function boundsFor(given: ScenarioBounds): Bounds {
  const bounds = scenarioBounds.parse(given) as Bounds
  for (const feature of all) {
    const reason = feature.refuses?.(bounds) ?? null
    if (reason !== null) throw new ModelError(`the bounds make no sense: ${reason}`)
  }
  return bounds
}

/** The fields that features add to the state. */
export function fieldsOf(bounds: Bounds, sorts: Sorts): Added[] {
  return all.flatMap(({ fields }) => (fields === undefined ? [] : [fields(sorts, bounds)]))
}

/** The threads of a scenario, the vCPUs first. */
export function threadsOf(bounds: Bounds, sorts: Sorts): ThreadGroup<Kvm>[] {
  const parts = all.map((feature) => feature.parts(bounds, sorts))
  const program = vcpuRun(bounds, {
    vcpu: parts.flatMap((p) => p.vcpu ?? []),
    guest: parts.flatMap((p) => p.guest ?? []),
    pageFault: has_only_tdp(bounds) ? [] : parts.flatMap((p) => p.pageFault ?? []),
  })
  const threads = parts.flatMap((p) => p.threads ?? [])
  return inOrder('threads', [placed(0, each(sorts.vcpu, program)), ...threads])
}

/** Sets up each feature's part of the initial state. */
export function setUpFeatures(kvm: Kvm, bounds: Bounds): void {
  for (const feature of all) feature.setUp?.(kvm, bounds)
}
