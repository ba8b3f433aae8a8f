import { quoted } from '../model/language/quoted.ts'
import type { StateVariable } from './state-variables.ts'

/** A condition on a state, such as `page[1].role_invalid && vcpu0.mode == IN_GUEST_MODE`. */
export type Condition = (state: ArrayLike<number>) => boolean

/** A text that is no condition. The message is one line: what is wrong, and where. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError'
}

const LONGEST = 1000
const DEEPEST = 50

/** The value of a term in a state, as text: `1`, `none`, `page 0`, `{TLB_FLUSH}`. */
type Term = (state: ArrayLike<number>) => string

/**
 * Parses a condition. Nothing in it is run as code: it names variables of the state, numbers and words, compares them
 * (`==`, `!=`, `<`, `<=`, `>`, `>=`), asks whether a set `has` a name, and combines that with `!`, `&&`, `||` and
 * brackets. `vcpu0.mode` is `vcpu[0].mode`, and `vcpu0.at` its program counter. A variable alone is true unless it is 0,
 * none or empty.
 * @throws ExpressionError
 */
export function conditionOf(text: string, variables: readonly StateVariable[]): Condition {
  if (text.length > LONGEST) throw new ExpressionError(`a condition has at most ${LONGEST} characters`)
  return new Parser(tokensOf(text), new Map(variables.map((each) => [each.path, each]))).parse()
}

interface Token {
  readonly text: string
  /** Column, from 1. */
  readonly at: number
}

const TOKEN =
  /\s*(?:(&&|\|\||==|!=|<=|>=|[<>!()])|(-?\d+)(?![\w.[])|([A-Za-z_]\w*(?:\[\d+\]|\.[A-Za-z_]\w*)*(?: \d+(?![\w.[]))?)|"([^"]*)")/y

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  const source = text.trimEnd()
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const before = TOKEN.lastIndex
    const found = TOKEN.exec(source)
    if (found === null) {
      const at = before + source.slice(before).search(/\S/)
      throw new ExpressionError(`"${quoted(source.slice(at, at + 10))}" at column ${at + 1} makes no sense`)
    }
    tokens.push({ text: found[0].trim(), at: TOKEN.lastIndex - found[0].trimStart().length + 1 })
  }
  return tokens
}

const COMPARED: Readonly<Record<string, (by: number) => boolean>> = {
  '==': (by) => by === 0,
  '!=': (by) => by !== 0,
  '<': (by) => by < 0,
  '<=': (by) => by <= 0,
  '>': (by) => by > 0,
  '>=': (by) => by >= 0,
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #variables: ReadonlyMap<string, StateVariable>
  #next = 0
  #depth = 0

  constructor(tokens: readonly Token[], variables: ReadonlyMap<string, StateVariable>) {
    this.#tokens = tokens
    this.#variables = variables
  }

  parse(): Condition {
    const condition = this.#or()
    const rest = this.#tokens[this.#next] as Token | undefined
    if (rest !== undefined) throw this.#unexpected(rest)
    return condition
  }

  #or(): Condition {
    const all = [this.#and()]
    while (this.#take('||')) all.push(this.#and())
    return all.length === 1 ? all[0] : (state) => all.some((each) => each(state))
  }

  #and(): Condition {
    const all = [this.#not()]
    while (this.#take('&&')) all.push(this.#not())
    return all.length === 1 ? all[0] : (state) => all.every((each) => each(state))
  }

  #not(): Condition {
    if (++this.#depth > DEEPEST)
      throw new ExpressionError(`more than ${DEEPEST} brackets or "!" in each other`)
    try {
      if (this.#take('!')) {
        const inner = this.#not()
        return (state) => !inner(state)
      }
      if (this.#take('(')) {
        const inner = this.#or()
        if (!this.#take(')')) throw new ExpressionError('a bracket is not closed')
        return inner
      }
      return this.#comparison()
    } finally {
      this.#depth--
    }
  }

  #comparison(): Condition {
    const left = this.#variable(this.#term())
    for (const [operator, isTrue] of Object.entries(COMPARED)) {
      if (!this.#take(operator)) continue
      const right = this.#value(this.#term())
      return (state) => {
        const by = compared(left(state), right(state))
        return by === null ? operator === '!=' : isTrue(by)
      }
    }
    if (this.#take('has')) {
      const right = this.#value(this.#term())
      return (state) => left(state).slice(1, -1).split(', ').includes(right(state))
    }
    return (state) => !['0', 'none', '{}', ''].includes(left(state))
  }

  #term(): Token {
    const token = this.#tokens[this.#next] as Token | undefined
    if (token === undefined) throw new ExpressionError('a variable or a value is missing at the end')
    if (/^[&|=!<>()]/.test(token.text)) throw this.#unexpected(token)
    this.#next++
    return token
  }

  /** What stands on the left or alone must be a variable. */
  #variable(token: Token): Term {
    const found = this.#find(token.text)
    if (found !== null) return found
    throw new ExpressionError(
      `there is no variable ${quoted(token.text)} (column ${token.at}); s TEXT lists some`,
    )
  }

  /** What stands on the right is a variable, a number, or a word: `IN_GUEST_MODE`, `page 0`. */
  #value({ text, at }: Token): Term {
    const found = this.#find(text)
    if (found !== null) return found
    if (/[.[]/.test(text) && !text.startsWith('"')) return this.#variable({ text, at })
    const word = text.startsWith('"') ? text.slice(1, -1) : text
    return () => word
  }

  #find(name: string): Term | null {
    const variable = this.#variables.get(name) ?? this.#variables.get(indexed(name))
    return variable === undefined ? null : (state) => variable.value(state)
  }

  #take(text: string): boolean {
    if (this.#tokens[this.#next]?.text !== text) return false
    this.#next++
    return true
  }

  #unexpected({ text, at }: Token): ExpressionError {
    return new ExpressionError(`"${quoted(text)}" at column ${at} is not expected there`)
  }
}

/** `vcpu0.mode` as `vcpu[0].mode`, and `vcpu0.at` as `at.vcpu[0]`. */
function indexed(name: string): string {
  const path = name.replace(/^([A-Za-z_]+)(\d+)\./, '$1[$2].')
  const counter = /^(\w+\[\d+\])\.at$/.exec(path)
  return counter === null ? path : `at.${counter[1]}`
}

/** Below, at or above 0; null for values that differ and have no order. An id equals its number. */
function compared(a: string, b: string): number | null {
  if (a === b) return 0
  const [x, y] = [numberOf(a), numberOf(b)]
  return x === null || y === null ? null : x - y
}

function numberOf(text: string): number | null {
  const found = /^(?:\w+ )?(-?\d+)$/.exec(text)
  return found === null ? null : Number(found[1])
}
