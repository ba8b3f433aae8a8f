import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Language, type Node, Parser, type Tree } from 'web-tree-sitter'

/** A function or macro as it stands in a file. */
export interface Definition {
  readonly name: string
  /** Where its name stands, and its body: byte offsets do not matter here, these count characters. */
  readonly at: number
  readonly from: number
  readonly to: number
}

/** A macro with parameters. */
export interface MacroDefinition extends Definition {
  readonly parameters: readonly string[]
}

/** What was found in one file. */
export interface ParsedFile {
  readonly functions: readonly Definition[]
  /** Functions whose name is `MACRO(name)`: `name` is that in the parentheses. */
  readonly templates: readonly (Definition & { readonly macro: string })[]
  readonly macros: readonly MacroDefinition[]
  /** Offset of the first place that does not parse; null if all of it does. */
  readonly broken: number | null
}

/** Longest time for one file, in milliseconds. The largest of KVM takes a fiftieth of it. */
const MOST_TIME = 10_000

/** A file that the parser gives up on. */
export class ParseError extends Error {
  override readonly name = 'ParseError'
}

/** Parses C by the grammar of tree-sitter. */
export interface CParser {
  /** @throws ParseError for a file that takes too long, or on which the parser fails. */
  parse(source: string): ParsedFile
}

/** Loads the parser and its grammar, which takes some 50 ms. */
export async function loadCParser(): Promise<CParser> {
  await Parser.init({ wasmBinary: readFileSync(wasm('web-tree-sitter/web-tree-sitter.wasm')) })
  const language = await Language.load(readFileSync(wasm('tree-sitter-c/tree-sitter-c.wasm')))
  const parser = new Parser()
  parser.setLanguage(language)
  return {
    parse(source) {
      const tree = treeOf(parser, source)
      try {
        return contentsOf(tree)
      } catch (error) {
        throw error instanceof RangeError ? new ParseError('it nests too deeply') : error
      } finally {
        tree.delete()
      }
    },
  }
}

function treeOf(parser: Parser, source: string): Tree {
  const end = Date.now() + MOST_TIME
  let tree: Tree | null
  try {
    parser.reset()
    tree = parser.parse(source, null, { progressCallback: () => Date.now() > end })
  } catch (error) {
    throw new ParseError(`the parser fails: ${(error as Error).message}`)
  }
  if (tree === null) throw new ParseError(`it takes longer than ${MOST_TIME / 1000} s to parse`)
  return tree
}

/** The file of a package: beside the built program, else where it is installed. */
function wasm(file: string): string {
  const beside = fileURLToPath(new URL(`./${file.split('/')[1]}`, import.meta.url))
  return existsSync(beside) ? beside : createRequire(import.meta.url).resolve(file)
}

function contentsOf({ rootNode }: Tree): ParsedFile {
  const functions: Definition[] = []
  const templates: (Definition & { readonly macro: string })[] = []
  const macros: MacroDefinition[] = []
  for (const node of rootNode.descendantsOfType(['function_definition', 'preproc_function_def'])) {
    if (node === null) continue
    if (node.type === 'preproc_function_def') {
      const name = node.childForFieldName('name')
      const value = node.childForFieldName('value')
      const parameters = node.childForFieldName('parameters')
      if (name === null || value === null || parameters === null) continue
      macros.push({
        ...definition(name, value),
        parameters: parameters.namedChildren.flatMap((p) => (p === null ? [] : [p.text])),
      })
      continue
    }
    const body = node.childForFieldName('body')
    const declarator = functionDeclarator(node.childForFieldName('declarator'))
    if (body === null || declarator === null) continue
    const named = declarator.childForFieldName('declarator')
    const inner = functionDeclarator(named)
    const name = inner?.childForFieldName('declarator') ?? named
    if (name === null || name.type !== 'identifier') continue
    if (inner === null) functions.push(definition(name, body))
    else {
      const [parameter, ...others] = inner.childForFieldName('parameters')?.namedChildren ?? []
      if (parameter === undefined || parameter === null || others.length > 0) continue
      templates.push({ ...definition(name, body), name: parameter.text, macro: name.text })
    }
  }
  return { functions, templates, macros, broken: firstError(rootNode) }
}

/** The declarator of a function, which pointers and parentheses may surround. */
function functionDeclarator(declarator: Node | null): Node | null {
  let node = declarator
  while (node !== null && (node.type === 'pointer_declarator' || node.type === 'parenthesized_declarator'))
    node = node.childForFieldName('declarator') ?? node.namedChild(0)
  return node !== null && node.type === 'function_declarator' ? node : null
}

const definition = (name: Node, body: Node): Definition => ({
  name: name.text,
  at: name.startIndex,
  from: body.startIndex,
  to: body.endIndex,
})

/**
 * Offset of the first place that does not parse, not counting those within functions: attributes that the grammar does
 * not know are errors, too, and do not hide a function.
 */
function firstError(node: Node): number | null {
  if (node.isError || node.isMissing) return node.startIndex
  for (const child of node.children) {
    if (child === null || child.type === 'function_definition') continue
    if (!child.hasError && !child.isError && !child.isMissing) continue
    const found = firstError(child)
    if (found !== null) return found
  }
  return null
}
