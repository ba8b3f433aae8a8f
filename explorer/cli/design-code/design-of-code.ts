import { relative, sep } from 'node:path'
import { z } from 'zod'
import type { Design } from '../../../model/designs/design.ts'
import { ModelError } from '../../../model/language/errors.ts'
import type { Patch } from '../../../model/language/patch.ts'
import { LONGEST_MESSAGE, quoted, quotedPath } from '../../../model/language/quoted.ts'
import type { Additions } from '../../../model/scenarios/additions.ts'
import type { Scenario } from '../../../model/scenarios/scenario.ts'
import type { Catalogue } from '../catalogue.ts'
import { designHead } from '../design-file.ts'
import { UsageError } from '../errors.ts'
import { firstIssue } from '../options.ts'
import { type DesignSpec, designFrom, designInScenario, type UserDesign } from '../user-design.ts'
import type { DesignCode, DesignModules } from './design-code.ts'
import { pathOfModule } from './read-code.ts'
import { runDesignCode } from './run-code.ts'

/** What design code can import of this package: the modules that any model has, and those of the catalogue. */
export const modulesFor = ({ modules }: Pick<Catalogue<never>, 'modules'>): DesignModules => ({
  mmucheck: () => import('../../index.ts'),
  'mmucheck/language': () => import('../../../model/language/index.ts'),
  'mmucheck/counterexamples': () => import('../../../counterexamples/index.ts'),
  ...modules,
})

/**
 * Runs the code of a design file, which exports the design by default.
 * @throws UsageError for code that throws or exports no design, and as `readDesign`.
 */
export async function designOfCode<W>(catalogue: Catalogue<W>, code: DesignCode): Promise<UserDesign<W>> {
  const spec = await specOf(catalogue, code)
  const design = located(code, () => designFrom(catalogue, spec, quotedPath(code.file)))
  return { design, code, file: code.file }
}

/** The design of a code file, in one scenario. @throws as `designOfCode`. */
export async function designOfCodeIn<W>(
  catalogue: Catalogue<W>,
  code: DesignCode,
  scenario: Scenario<W>,
): Promise<Design<W>> {
  const spec = await specOf(catalogue, code)
  return located(code, () => designInScenario(catalogue, spec, scenario, quotedPath(code.file)))
}

/** Calls what may run code of the design. @throws UsageError with the line of the user's file. */
function located<T>(code: DesignCode, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw error instanceof UsageError ? error : usageErrorOf(code, error)
  }
}

const entry = z.looseObject({ kind: z.enum(['step', 'choice', 'block', 'landing']), name: z.string() })
const entries = z.array(entry)
const place = z.union([z.looseObject({ before: z.string() }), z.looseObject({ after: z.string() })])
const patch = z.discriminatedUnion('op', [
  z.looseObject({ op: z.literal('drop'), name: z.string() }),
  z.looseObject({ op: z.literal('move'), name: z.string(), place }),
  z.looseObject({ op: z.literal('replace'), name: z.string(), by: entries }),
  z.looseObject({ op: z.literal('insert'), entries, place }),
  z.looseObject({ op: z.literal('copy'), name: z.string(), place }),
])
const func = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', {
  error: 'must be a function',
})
const body = z.looseObject({
  patches: z.array(patch, { error: 'must be an array of patches, such as drop() makes' }),
  adds: z
    .looseObject({
      setUp: func.optional(),
      threads: func.optional(),
      properties: z.array(z.looseObject({ id: z.string(), kind: z.string() })).optional(),
    })
    .optional(),
})

async function specOf<W>(catalogue: Catalogue<W>, code: DesignCode): Promise<DesignSpec<W>> {
  const where = quotedPath(code.file)
  let exported: unknown
  try {
    exported = (await runDesignCode(code, modulesFor(catalogue))).default
  } catch (error) {
    throw usageErrorOf(code, error)
  }
  if (exported === undefined)
    throw new UsageError(`${where}: exports no design: write "export default { id, title, patches }"`)
  const head = designHead.safeParse(exported)
  if (!head.success) throw new UsageError(`${where}: ${firstIssue(head.error)}`)
  const rest = body.safeParse(exported)
  if (!rest.success) throw new UsageError(`${where}: ${firstIssue(rest.error)}`)
  const { id, title, about, scenarios, kernels, kernel, expect } = head.data
  // The original objects: steps are compared by identity.
  const { patches, adds } = exported as { readonly patches: Patch<W>[]; readonly adds?: Additions<W> }
  if (patches.length === 0 && adds === undefined)
    throw new UsageError(`${where}: patches: must be at least one, as nothing is added`)
  return {
    id,
    title,
    about,
    scenarios,
    ...(kernels === undefined ? {} : { kernels }),
    ...(kernel === undefined ? {} : { kernel: kernel as Design<W>['kernel'] }),
    ...(expect === undefined ? {} : { expect }),
    patches,
    ...(adds === undefined ? {} : { adds: saying(code, adds) }),
  }
}

/** The same additions; what their functions throw names the line of the user's file. */
function saying<W>(code: DesignCode, { setUp, threads, ...rest }: Additions<W>): Additions<W> {
  const wrapped =
    <A extends readonly unknown[], T>(f: (...args: A) => T) =>
    (...args: A): T => {
      try {
        return f(...args)
      } catch (error) {
        throw error instanceof ModelError ? error : new ModelError(inWords(code, error))
      }
    }
  return {
    ...rest,
    ...(setUp === undefined ? {} : { setUp: wrapped(setUp) }),
    ...(threads === undefined ? {} : { threads: wrapped(threads) }),
  }
}

const usageErrorOf = (code: DesignCode, error: unknown): UsageError => new UsageError(inWords(code, error))

/** `my-change.ts:12: x is not defined`. */
function inWords(code: DesignCode, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const missing = /does not provide an export named '([^']+)'/.exec(message)?.[1]
  const text =
    missing === undefined
      ? message
      : `nothing is exported under the name ${missing}; if it is a type, write "import { type ${missing} }"`
  return `${placeOf(code, error)}: ${quoted(text, LONGEST_MESSAGE)}`
}

/** The line of the user's files where something was thrown, `my-change.ts:12`; the design file if that is not known. */
function placeOf({ file, modules }: DesignCode, error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const found = modules
    .map(({ url }) => ({ url, at: stack.indexOf(`${url}:`) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)[0]
  if (found === undefined) {
    // Node puts the line of a syntax error before the message; then there is only one module in question.
    const line = /^data:[^\n]*:(\d+)\n/.exec(stack)?.[1]
    return modules.length === 1 && line !== undefined ? `${quotedPath(file)}:${line}` : quotedPath(file)
  }
  const line = /^\d+/.exec(stack.slice(found.at + found.url.length + 1))?.[0] ?? '?'
  const isDesignFile = found.url === modules.at(-1)?.url
  return `${quotedPath(isDesignFile ? file : nearPath(pathOfModule(found)))}:${line}`
}

function nearPath(path: string): string {
  const near = relative(process.cwd(), path)
  return near.startsWith(`..${sep}`) ? path : near
}
