import * as nodeModule from 'node:module'

/** A file that is no TypeScript, or uses what Node cannot run as it is. */
export class TypesError extends Error {
  override readonly name = 'TypesError'
  /** Line in the file, from 1; null if that is not known. */
  readonly line: number | null
  constructor(message: string, line: number | null) {
    super(message)
    this.line = line
  }
}

type Strip = (code: string) => string

/**
 * Replaces types by spaces: lines and columns stay as they are. Node 22.13 and later do that themselves; for older ones
 * it is done by amaro, the package that Node has built in.
 * @throws TypesError for syntax errors, and for enums, namespaces and parameter properties, which are no types.
 */
export async function withoutTypes(code: string): Promise<string> {
  const { stripTypeScriptTypes: native } = nodeModule as { readonly stripTypeScriptTypes?: Strip }
  try {
    if (native !== undefined) return withoutWarnings(() => native(code))
    const { transformSync } = await import('amaro')
    return transformSync(code, { mode: 'strip-only' }).code
  } catch (error) {
    const { message, startLine, stack } = error as Partial<Error> & { readonly startLine?: number }
    // Amaro throws objects with a line, Node errors whose stack begins with it.
    const line = startLine ?? Number(/^\S*:(\d+)\n/.exec(stack ?? '')?.[1])
    throw new TypesError(message ?? String(error), Number.isInteger(line) ? line : null)
  }
}

/** Node warns that its function may change; the versions of Node that the package is tested with are known. */
function withoutWarnings<T>(call: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return call()
  } finally {
    process.emitWarning = emitWarning
  }
}
