import { join } from 'node:path'
import type { Design } from '../../../model/designs/design.ts'
import type { Scenario } from '../../../model/scenarios/scenario.ts'
import { type Catalogue, scenariosOf } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import { packageInfo } from '../package-info.ts'
import type { UserDesign } from '../user-design.ts'
import type { UserFiles } from '../user-files.ts'
import { cellName } from './baseline-file.ts'

/** The cells of every change, or those of deep scenarios, which take minutes each. */
export const TIERS = ['gate', 'deep'] as const
export type Tier = (typeof TIERS)[number]

/** Which cells a gate is about. */
export interface GateScope {
  /** The kernel, by id; null for the newest. */
  readonly kernel: string | null
  readonly tier: Tier
}

/** A design in a scenario, both as a kernel has them. */
export interface GateCell<W = unknown> {
  readonly name: string
  readonly design: Design<W>
  readonly scenario: Scenario<W>
  /** The user's file that the design comes from, if it is not one of the catalogue. */
  readonly files?: UserFiles
}

/**
 * The id of a kernel that was named; null for the newest, or without a name.
 * @throws UsageError for a name that no kernel has.
 */
export function olderKernel(all: Catalogue, name: string | undefined): string | null {
  const id = catalogueOfKernel(all, name).kernel?.id
  return id === undefined || id === all.kernels?.at(-1)?.id ? null : id
}

/**
 * The cells of a scope, in the order of the catalogue. Of an older kernel only those whose steps differ from the newest
 * kernel's: the others are the same searches.
 */
export function gateCells<W>(all: Catalogue<W>, { kernel, tier }: GateScope): readonly GateCell<W>[] {
  const catalogue = catalogueOfKernel(all, kernel ?? undefined)
  const differs =
    kernel === null || catalogue.kernel === undefined
      ? null
      : (all.gate?.scenariosThatDiffer(catalogue.kernel) ?? null)
  return catalogue.designs.flatMap((design) =>
    scenariosOf(catalogue, design)
      .filter(({ deep }) => (deep === true) === (tier === 'deep'))
      .filter(({ id }) => differs?.has(id) !== false)
      .map((scenario) => ({ name: cellName({ design, scenario }), design, scenario })),
  )
}

/** The cells of designs that come from files, each in its scenarios. */
export function cellsOfFiles(
  catalogue: Catalogue,
  designs: readonly UserDesign[],
  { tier }: GateScope,
): GateCell[] {
  return designs.flatMap((from) =>
    scenariosOf(catalogue, from.design)
      .filter(({ deep }) => (deep === true) === (tier === 'deep'))
      .map((scenario) => ({
        name: cellName({ design: from.design, scenario }),
        design: from.design,
        scenario,
        files: { design: from },
      })),
  )
}

/** Path of the baseline of a scope that the package contains; null if this catalogue has none. */
export function packedBaseline(
  { gate }: Pick<Catalogue, 'gate'>,
  { kernel, tier }: GateScope,
): string | null {
  if (gate === undefined) return null
  const parts = ['baseline', ...(kernel === null ? [] : [kernel]), ...(tier === 'deep' ? ['deep'] : [])]
  return join(packageInfo().root, gate.baselines, `${parts.join('-')}.json`)
}
