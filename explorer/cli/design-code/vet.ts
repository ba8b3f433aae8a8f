import type { Catalogue } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import type { DesignCode } from './design-code.ts'
import { designOfCode } from './design-of-code.ts'

/** The code of a design that is to be run once, to see whether that ends. */
export interface VetRequest {
  readonly code: DesignCode
  /** The kernel, by id; absent: the newest. */
  readonly kernel?: string
}

/**
 * Runs the code of a design in another thread.
 * @throws UsageError when it throws, exports no design, or takes longer than `seconds`.
 */
export type DesignVetting = (request: VetRequest, seconds: number) => Promise<void>

/** What the other thread does. @throws as `designOfCode`. */
export async function vetDesign(catalogue: Catalogue, { code, kernel }: VetRequest): Promise<void> {
  await designOfCode(catalogueOfKernel(catalogue, kernel), code)
}
