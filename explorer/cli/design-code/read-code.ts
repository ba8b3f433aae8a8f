import { createHash } from 'node:crypto'
import { isBuiltin } from 'node:module'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { init, parse } from 'es-module-lexer'
import { InputError, readInput } from '../../../counterexamples/input-file.ts'
import { quoted, quotedPath } from '../../../model/language/quoted.ts'
import { UsageError } from '../errors.ts'
import { unknownName } from '../nearest.ts'
import { type DesignCode, isCodeFile } from './design-code.ts'
import { TypesError, withoutTypes } from './strip-types.ts'

/** Limits of the files of a design: far more than one needs. */
const MOST_BYTES = 1 << 20
const MOST_FILES = 100

type Module = DesignCode['modules'][number]

/**
 * Reads a design file that is code, and the files that it imports by relative paths. Nothing is run.
 * @param names specifiers of the modules of this package that it may import.
 * @throws UsageError for a file that cannot be read, is too large or is no TypeScript, and for an import of anything
 *   but files beside it, modules of Node and these names.
 */
export async function readDesignCode(path: string, names: readonly string[]): Promise<DesignCode> {
  await init
  const modules: Module[] = []
  const indexes = new Map<string, number>()
  const hash = createHash('sha256')
  const folder = dirname(resolve(path))
  const underWay: string[] = []

  const read = async (file: string, shown: string): Promise<number> => {
    const known = indexes.get(file)
    if (known !== undefined) return known
    if (underWay.includes(file))
      throw new UsageError(`${shown}: imports itself, by way of others; a design must not import in a circle`)
    if (underWay.length + modules.length >= MOST_FILES)
      throw new UsageError(`${quotedPath(path)}: imports more than ${MOST_FILES} files`)
    underWay.push(file)
    const text = textOf(file, shown)
    const code = await javaScriptOf(text, file, shown)
    const imports: Module['imports'][number][] = []
    for (const { start, end, specifier, line } of importsOf(code, shown)) {
      const at = `${shown}:${line}`
      if (names.includes(specifier) || isBuiltin(specifier)) {
        imports.push({ start, end, from: specifier })
      } else if (/^\.{1,2}\//.test(specifier)) {
        const target = resolve(dirname(file), specifier)
        if (!isCodeFile(target))
          throw new UsageError(
            `${at}: import "${quoted(specifier)}": name the file with its ending, .ts or .js`,
          )
        imports.push({ start, end, from: await read(target, quotedPath(nameFrom(path, folder, target))) })
      } else {
        const why = specifier.startsWith('mmucheck')
          ? unknownName('module of mmucheck', specifier, names)
          : `a design can import files beside it, node: modules, ${names.join(', ')}`
        throw new UsageError(`${at}: import "${quoted(specifier)}": ${why}`)
      }
    }
    underWay.pop()
    // By the path from the design file: the hash is the same wherever the folder lies.
    hash.update(`${relative(folder, file)}\0${text.length}\0${text}`)
    indexes.set(file, modules.length)
    return modules.push({ url: pathToFileURL(file).href, code, imports }) - 1
  }

  await read(resolve(path), quotedPath(path))
  return { file: path, sha256: hash.digest('hex'), modules }
}

/** How a file is called in messages: as the user would name it, given how the design file was named. */
function nameFrom(path: string, folder: string, file: string): string {
  const below = relative(folder, file)
  return dirname(path) === '.' ? below : `${dirname(path)}/${below}`
}

function textOf(file: string, shown: string): string {
  try {
    return readInput(file, MOST_BYTES)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new UsageError(`cannot read the design ${shown}: ${error.message}`)
  }
}

async function javaScriptOf(text: string, file: string, shown: string): Promise<string> {
  if (!/ts$/i.test(file)) return text
  try {
    return await withoutTypes(text)
  } catch (error) {
    if (!(error instanceof TypesError)) throw error
    const at = error.line === null ? shown : `${shown}:${error.line}`
    throw new UsageError(`${at}: ${quoted(error.message)}`)
  }
}

interface Import {
  readonly start: number
  readonly end: number
  readonly specifier: string
  readonly line: number
}

/** The imports of a module. @throws UsageError for one that cannot be followed before it runs, and for other syntax. */
function importsOf(code: string, shown: string): Import[] {
  const lineOf = (index: number): number => code.slice(0, index).split('\n').length
  let found: ReturnType<typeof parse>[0]
  try {
    ;[found] = parse(code)
  } catch (error) {
    const { idx } = error as { readonly idx?: number }
    throw new UsageError(`${shown}${idx === undefined ? '' : `:${lineOf(idx)}`}: it is no JavaScript module`)
  }
  return found.flatMap(({ s: start, e: end, d: dynamic, n: specifier }) => {
    // `import.meta`
    if (dynamic === -2) return []
    const line = lineOf(start)
    if (dynamic !== -1 || specifier === undefined)
      throw new UsageError(`${shown}:${line}: import(): a design can only import at the beginning of a file`)
    return [{ start, end, specifier, line }]
  })
}

/** The path of a module, as messages name it. */
export const pathOfModule = ({ url }: Pick<Module, 'url'>): string => fileURLToPath(url)
