/** A token of C and where it begins in its source. */
export interface Token {
  readonly text: string
  readonly offset: number
}

const SKIPPED = [/\s+/, /\\\r?\n/, /\/\/[^\n]*/, /\/\*.*?(?:\*\/|$)/]

const TOKENS = [
  /"(?:[^"\\\n]|\\.)*"?/,
  /'(?:[^'\\\n]|\\.)*'?/,
  /[A-Za-z_$][\w$]*/,
  /\.?\d(?:[eEpP][+-]|[\w.])*/,
  /->|\+\+|--|<<=|>>=|<<|>>|[-+*/%&|^<>=!]=|&&|\|\||##|\.\.\./,
  // Whatever else there is counts as one token.
  /./,
]

const either = (patterns: readonly RegExp[]): string => `(${patterns.map(({ source }) => source).join('|')})`

const PATTERN = new RegExp(`${either(SKIPPED)}|${either(TOKENS)}`, 'gs')

/** The tokens of a piece of C, without white space and comments. */
export function tokensOf(source: string, from = 0): Token[] {
  const tokens: Token[] = []
  for (const { index, 2: text } of source.matchAll(PATTERN))
    if (text !== undefined) tokens.push({ text, offset: from + index })
  return tokens
}

/** Places at which the tokens of `wanted` stand in a list, one after the other. */
export function occurrences(tokens: readonly Pick<Token, 'text'>[], wanted: string): number[] {
  const all = tokensOf(wanted)
  const found: number[] = []
  for (let at = 0; at + all.length <= tokens.length; at++)
    if (all.every(({ text }, n) => tokens[at + n].text === text)) found.push(at)
  return found
}
