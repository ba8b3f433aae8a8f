import type { Body, Definitions } from './definitions.ts'

/** A function as steps are compared with it: with the bodies of some callees where it calls them. */
export interface FunctionText {
  readonly fn: string
  readonly file: string
  readonly line: number
  readonly tokens: readonly TextToken[]
}

interface TextToken {
  readonly text: string
  readonly line: number
  /** The body of the function that it names follows. */
  readonly isInlined?: true
}

/** Most tokens of a function with its callees; KVM's longest has some 5,000. */
const MOST_TOKENS = 100_000

/** The text of a function; the first definition of each of `callees` follows every mention of it, in a callee, too. */
export function textOf(body: Body, callees: readonly string[], definitions: Definitions): FunctionText {
  const inside = new Map(
    callees.flatMap((name) => definitions.of(name).slice(0, 1)).map((each) => [each.name, located(each)]),
  )
  const tokens: TextToken[] = []
  const add = (list: readonly TextToken[], open: readonly string[]): void => {
    for (const token of list) {
      const callee = open.includes(token.text) ? undefined : inside.get(token.text)
      if (callee === undefined || tokens.length + callee.length > MOST_TOKENS) tokens.push(token)
      else {
        tokens.push({ ...token, isInlined: true })
        add(callee, [...open, token.text])
      }
    }
  }
  add(located(body), [body.name])
  return { fn: body.name, file: body.file, line: body.line, tokens }
}

const located = (body: Body): TextToken[] =>
  body.tokens.map(({ text, offset }) => ({ text, line: body.lineOf(offset) }))
