import { whereFound } from '../language/patch.ts'
import { compareVersions, type Release, type Version } from '../language/versions.ts'
import type { Bounds } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import type { Difference, Novelty } from './difference.ts'

/** A kernel that the model is of: the base on which designs are patches. */
export interface Kernel<W> extends Release {
  /** As on the command line, `6.1`. */
  readonly id: string
  /** The differences between this kernel and the newest one, newest first. */
  readonly undone: readonly Difference[]
  /** Why this kernel has no such scenario, as part of a sentence; null if it has. */
  lacks(scenario: Scenario<W>): string | null
  /** The scenario as it is in this kernel. */
  on(scenario: Scenario<W>): Scenario<W>
}

/** Whether a release has the newer form of a difference. */
export function hasNewerForm(
  { since, backports = [] }: Pick<Difference, 'since' | 'backports'>,
  { mainline, stable }: Release,
): boolean {
  return compareVersions(since, mainline) <= 0 || backports.includes(stable)
}

/** @param differences all there are, in any order. */
export function kernelOf(
  release: Release,
  differences: readonly Difference[],
  novelties: readonly Novelty[],
): Kernel<Kvm> {
  const id = release.mainline.slice(1)
  const undone = differences
    .filter((difference) => !hasNewerForm(difference, release))
    // Each patch is written for the form that the next newer difference found.
    .sort((a, b) => compareVersions(b.since, a.since))
  const missing = novelties.filter(({ since }) => compareVersions(since, release.mainline) > 0)
  const base = (bounds: Bounds) => undone.flatMap(({ before }) => whereFound(...before(bounds)))
  return {
    ...release,
    id,
    undone,
    lacks: (scenario) => {
      const found = missing.find(({ isIn }) => scenario.contains?.(isIn as (bounds: never) => boolean))
      return found === undefined ? null : `${found.what}, which came with ${found.since}`
    },
    on: (scenario) => {
      if (undone.length === 0) return scenario
      return {
        ...scenario,
        kernel: id,
        build: (change) => scenario.build({ patches: [], ...change, base }),
        programs: (change) => scenario.programs?.({ patches: [], ...change, base }) ?? [],
      }
    },
  }
}

/** The stable release of a kernel without the `v`, `6.1.192`. */
export const releaseOf = ({ stable }: { readonly stable: Version }): string => stable.slice(1)
