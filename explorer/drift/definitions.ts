import { createHash } from 'node:crypto'
import {
  type CParser,
  type Definition,
  type MacroDefinition,
  type ParsedFile,
  ParseError,
} from './c-parser.ts'
import type { SourceFile } from './source-tree.ts'
import { type Token, tokensOf } from './tokens.ts'

/** The body of a function or macro, somewhere in a tree. */
export interface Body {
  readonly name: string
  readonly file: string
  /** That of the name, from 1. */
  readonly line: number
  readonly tokens: readonly Token[]
  /** Sixteen hex digits over the tokens: comments and white space do not count. */
  readonly hash: string
  /** The line of an offset in the file. */
  lineOf(offset: number): number
}

/** All functions and macros of a tree. */
export interface Definitions {
  /** Every definition of a name, in the order of files and lines; there may be several behind #ifdef. */
  of(name: string): readonly Body[]
  /**
   * Names of the functions from which control can reach one, that one included: they mention it, or each other.
   * @param outside functions that are not on the way.
   */
  reaching(name: string, outside: ReadonlySet<string>): ReadonlySet<string>
  /** Files that could not be read or parsed at all, and why. */
  readonly unread: readonly { readonly path: string; readonly why: string }[]
  /** Line of the first place of a file that the parser does not understand, if there is one. */
  brokenAt(path: string): number | undefined
}

/** Parses every file. */
export function definitionsIn(files: readonly SourceFile[], parser: CParser): Definitions {
  const bodies = new Map<string, Body[]>()
  const unread: { path: string; why: string }[] = []
  const broken = new Map<string, number>()
  for (const { path, source, why } of files) {
    const parsed = source === null ? new ParseError(why) : parsedOr(parser, source)
    if (source === null || parsed instanceof ParseError) {
      unread.push({ path, why: (parsed as ParseError).message })
      continue
    }
    const lineOf = lines(source)
    if (parsed.broken !== null) broken.set(path, lineOf(parsed.broken))
    for (const { name, at, from, to, template } of named(parsed, source)) {
      const read = (): Token[] => {
        const tokens = tokensOf(source.slice(from, to), from)
        return template === undefined ? tokens : instantiated(tokens, template)
      }
      const body = lazily({ name, file: path, line: lineOf(at), lineOf }, read)
      bodies.set(name, [...(bodies.get(name) ?? []), body])
    }
  }
  return {
    of: (name) => bodies.get(name) ?? [],
    reaching: reachability(bodies),
    unread,
    brokenAt: (path) => broken.get(path),
  }
}

/** Every mention counts as a call, since functions are also called by way of pointers. */
function reachability(bodies: ReadonlyMap<string, readonly Body[]>): Definitions['reaching'] {
  let mentions: Map<string, Set<string>> | undefined
  return (name, outside) => {
    mentions ??= mentionsIn(bodies)
    const reached = new Set(bodies.has(name) ? [name] : [])
    for (const each of reached)
      for (const by of mentions.get(each) ?? []) if (!outside.has(by)) reached.add(by)
    return reached
  }
}

/** Which functions mention a function. */
function mentionsIn(bodies: ReadonlyMap<string, readonly Body[]>): Map<string, Set<string>> {
  const mentions = new Map<string, Set<string>>()
  for (const [by, list] of bodies)
    for (const { tokens } of list)
      for (const { text } of tokens) {
        if (!bodies.has(text)) continue
        const all = mentions.get(text) ?? new Set()
        mentions.set(text, all.add(by))
      }
  return mentions
}

function parsedOr(parser: CParser, source: string): ParsedFile | ParseError {
  try {
    return parser.parse(source)
  } catch (error) {
    if (error instanceof ParseError) return error
    throw error
  }
}

/** Tokens and hash are needed of few of the thousands of functions. */
function lazily(known: Omit<Body, 'tokens' | 'hash'>, read: () => Token[]): Body {
  let tokens: Token[] | undefined
  let hash: string | undefined
  return {
    ...known,
    get tokens() {
      tokens ??= read()
      return tokens
    },
    get hash() {
      hash ??= hashOf(this.tokens)
      return hash
    },
  }
}

const hashOf = (tokens: readonly Token[]): string =>
  createHash('sha256')
    .update(tokens.map(({ text }) => text).join('\n'))
    .digest('hex')
    .slice(0, 16)

/** A macro that names functions, as defined in one place: `#define NAME(name) wide_##name`. */
interface Template {
  readonly macro: string
  nameOf(argument: string): string
}

/** Functions, macros, and the functions that macros make. */
function named(
  { functions, templates, macros }: ParsedFile,
  source: string,
): (Definition & { readonly template?: Template })[] {
  return [
    ...functions,
    ...macros,
    ...templates.flatMap((func) =>
      macros
        .filter(({ name, parameters }) => name === func.macro && parameters.length === 1)
        .map((macro) => {
          const text = source.slice(macro.from, macro.to)
          const template: Template = {
            macro: macro.name,
            nameOf: (argument) => pasted(text, macro.parameters, [argument]),
          }
          return { ...func, name: template.nameOf(func.name), template }
        }),
    ),
    ...macros.flatMap((macro) => generated(macro, source)),
  ]
}

/** Tokens with the names that the macro of a template makes, in place of its uses. */
function instantiated(tokens: readonly Token[], { macro, nameOf }: Template): Token[] {
  const names: Token[] = []
  for (let at = 0; at < tokens.length; at++) {
    const [{ text, offset }, open, argument, close] = tokens.slice(at, at + 4)
    const isUse = text === macro && open?.text === '(' && close?.text === ')'
    names.push(isUse ? { text: nameOf(argument.text), offset } : tokens[at])
    if (isUse) at += 3
  }
  return names
}

/** The functions that a macro defines by `##`, one per line that begins with its use. */
function generated(macro: MacroDefinition, source: string): Definition[] {
  const text = source.slice(macro.from, macro.to)
  const head = /(?<![\w#])((?:\w+\s*##\s*)*\w+(?:\s*##\s*\w+)*)\s*\(/.exec(text)
  if (head === null || !head[1].includes('##') || !text.includes('{')) return []
  const uses = source.matchAll(new RegExp(String.raw`^${macro.name}\s*\(([^()]*)\)`, 'gm'))
  return [...uses].map(({ index, 1: list }) => ({
    name: pasted(head[1], macro.parameters, list.split(',')),
    at: index,
    from: macro.from,
    to: macro.to,
  }))
}

/** A name that a macro puts together. */
const pasted = (text: string, parameters: readonly string[], values: readonly string[]): string =>
  tokensOf(text)
    .filter((token) => token.text !== '##')
    .map((token) => {
      const n = parameters.indexOf(token.text)
      return n < 0 ? token.text : (values[n] ?? '').trim()
    })
    .join('')

/** The line of an offset, by bisection. */
function lines(source: string): (offset: number) => number {
  const starts = [0]
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let [low, high] = [0, starts.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (starts[middle] <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}
