import type { Design } from '../../model/designs/design.ts'
import { changedScenarios } from '../../model/kernels/changed-steps.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { type Catalogue, scenariosOf } from '../cli/catalogue.ts'
import { catalogueOfKernel } from '../cli/catalogue-of-kernel.ts'
import { catalogue } from '../cli/kvm-catalogue.ts'

/** A design in a scenario, both as a kernel has them. */
export interface KernelCell {
  readonly design: Design<Kvm>
  readonly scenario: Scenario<Kvm>
}

/** The scenarios and designs of the newest kernel, or of an older one. */
export const ofKernel = (kernel?: string): Catalogue<Kvm> =>
  catalogueOfKernel(catalogue as unknown as Catalogue<Kvm>, kernel)

/**
 * The cells of a kernel that are not deep. Of an older kernel only those whose steps differ from the newest kernel's,
 * since the others are the same searches.
 */
export function kernelCells(kernel?: string): readonly KernelCell[] {
  const all = ofKernel(kernel)
  const cells = all.designs.flatMap((design) =>
    scenariosOf(all, design)
      .filter((scenario) => scenario.deep !== true)
      .map((scenario) => ({ design, scenario })),
  )
  if (kernel === undefined || all.kernel === undefined) return cells
  const changed = changedScenarios(all.kernel.undone)
  return cells.filter(({ scenario }) => changed.has(scenario.id))
}
