import { InputError, readInput } from '../../../counterexamples/input-file.ts'
import type { Design } from '../../../model/designs/design.ts'
import { releaseOf } from '../../../model/kernels/kernel.ts'
import { quoted, quotedPath } from '../../../model/language/quoted.ts'
import { type Catalogue, findDesign, titled, UPSTREAM } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { olderKernel } from '../gate/gate-cells.ts'
import { gateShape } from '../gate/gate-json.ts'
import { firstIssue } from '../options.ts'
import { designNamed } from '../read-user-design.ts'
import { resultSchema } from '../report/result-json.ts'
import type { SideName } from './compare-cells.ts'
import { type CellVerdicts, verdictsOfCell, verdictsOfCheck } from './verdicts.ts'

/** What `diff` compares: a design, a kernel, or the results of an earlier run. */
export type Side = DesignSide | ResultSide

/** A design on a kernel. */
export interface DesignSide {
  readonly kind: 'design'
  /** One line for people. */
  readonly title: string
  /** As the user named it. */
  readonly named: string
  /** The scenarios and designs of its kernel. */
  readonly catalogue: Catalogue
  readonly design: Design<unknown>
  /** The kernel, by id; null for the newest. */
  readonly kernel: string | null
  /** For threads. */
  readonly request: SideName
}

/** What an earlier run has found. */
export interface ResultSide {
  readonly kind: 'result'
  readonly title: string
  readonly named: string
  readonly cells: readonly CellVerdicts[]
}

/** Bytes of a result: that of a whole gate takes some MiB. */
const MOST_BYTES = 256 << 20

/**
 * Finds what a name means: the result file of a `check` or `gate` (`--json`), a design file, a kernel, or a design.
 * @param kernel of a design, as named; absent for the newest.
 * @throws UsageError for a name that nothing has, or a file that is neither.
 */
export async function sideNamed(
  context: Pick<CommandContext, 'catalogue' | 'vet'>,
  name: string,
  kernel: string | undefined,
): Promise<Side> {
  const result = /\.json$/i.test(name) ? resultIn(name) : null
  if (result !== null) return result
  if (isKernel(context.catalogue, name)) {
    if (kernel !== undefined) throw new UsageError(`"${quoted(name)}" is a kernel itself; leave out --kernel`)
    const catalogue = catalogueOfKernel(context.catalogue, name)
    return sideOf(context.catalogue, catalogue, name, { design: findDesign(catalogue, UPSTREAM) })
  }
  const catalogue = catalogueOfKernel(context.catalogue, kernel)
  return sideOf(context.catalogue, catalogue, name, await designNamed(context, catalogue, name))
}

function isKernel({ kernels = [] }: Catalogue, name: string): boolean {
  const wanted = name.replace(/^v(?=\d)/, '')
  return kernels.some((kernel) => kernel.id === wanted || releaseOf(kernel) === wanted)
}

function sideOf(
  all: Catalogue,
  catalogue: Catalogue,
  named: string,
  { design, code, file }: Awaited<ReturnType<typeof designNamed>>,
): DesignSide {
  const kernel = olderKernel(all, catalogue.kernel?.id)
  const where = kernel === null ? '' : ` on Linux ${kernel}`
  const what = file === undefined ? titled(design) : `${design.id}, ${quotedPath(file)}`
  const request = code ?? (file === undefined ? design.id : (design as unknown as Design<never>))
  return {
    kind: 'design',
    title: `${what}${where}: ${design.title}`,
    named,
    catalogue,
    design,
    kernel,
    request: { design: request, ...(kernel === null ? {} : { kernel }) },
  }
}

/** The results in a file; null for a file that is no result. @throws UsageError for one that is wrong. */
function resultIn(path: string): ResultSide | null {
  const where = quotedPath(path)
  let json: unknown
  try {
    json = JSON.parse(readInput(path, MOST_BYTES, { pipes: true }))
  } catch (error) {
    if (error instanceof InputError) throw new UsageError(`cannot read ${where}: ${error.message}`)
    if (error instanceof SyntaxError) throw new UsageError(`${where} is not JSON: ${quoted(error.message)}`)
    throw error
  }
  const schema = typeof json === 'object' && json !== null && 'schema' in json ? json.schema : undefined
  const wrong = (error: Parameters<typeof firstIssue>[0]): UsageError =>
    new UsageError(`${where}: ${firstIssue(error)}`)
  if (schema === 'mmucheck-result/1') {
    const parsed = resultSchema.safeParse(json)
    if (!parsed.success) throw wrong(parsed.error)
    const { checks } = parsed.data
    return { kind: 'result', title: where, named: path, cells: checks.map(verdictsOfCheck) }
  }
  if (schema === 'mmucheck-gate/1') {
    const parsed = gateShape.safeParse(json)
    if (!parsed.success) throw wrong(parsed.error)
    const { cells, kernel } = parsed.data
    return {
      kind: 'result',
      title: where,
      named: path,
      cells: cells.map((cell) => verdictsOfCell(cell, kernel)),
    }
  }
  return null
}
