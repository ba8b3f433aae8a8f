import type { Kvm } from '../../model/memory/kvm.ts'
import type { Catalogue } from '../cli/catalogue.ts'
import { catalogueOfKernel } from '../cli/catalogue-of-kernel.ts'
import { type GateCell, gateCells } from '../cli/gate/gate-cells.ts'
import { catalogue } from '../cli/kvm-catalogue.ts'

const kvm = catalogue as unknown as Catalogue<Kvm>

/** A design in a scenario, both as a kernel has them. */
export type KernelCell = GateCell<Kvm>

/** The scenarios and designs of the newest kernel, or of an older one. */
export const ofKernel = (kernel?: string): Catalogue<Kvm> => catalogueOfKernel(kvm, kernel)

/**
 * The cells of a kernel that are not deep. Of an older kernel only those whose steps differ from the newest kernel's,
 * since the others are the same searches.
 */
export function kernelCells(kernel?: string): readonly KernelCell[] {
  return gateCells(kvm, { kernel: kernel ?? null, tier: 'gate' })
}
