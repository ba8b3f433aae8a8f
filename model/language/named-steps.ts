/** Steps or program counters that a property names. */
export interface NamedStep {
  /** The thread kind; null when any is meant. */
  readonly kind: string | null
  /** As written in the property, for messages. */
  readonly text: string
  isMeant(path: string): boolean
}

const STRING = String.raw`'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"`
const REGEX = String.raw`/(?:[^/\\\n[]|\\.|\[[^\]\n]*\])+/[a-z]*`

/**
 * The steps that a function compares with the program counters in its second parameter (`at`), or with the path of
 * the step that is its second parameter, found in its source text. Only literals next to the comparison are found,
 * and none in helper functions.
 */
export function namedSteps(code: (...args: never[]) => unknown, takes: 'counters' | 'step'): NamedStep[] {
  const source = code.toString()
  const parameter = secondParameter(source)
  if (parameter === null) return []
  const name = `(?<![\\w$.])${parameter.replaceAll('$', '\\$')}`
  return namesBeside(
    source,
    takes === 'counters' ? String.raw`${name}\.(\w+)\[[^\]]*\]` : String.raw`${name}\.path()`,
  )
}

/**
 * The names that a source text compares with a place.
 * @param place a pattern with one group, the thread kind, which may be empty.
 */
export function namesBeside(source: string, place: string): NamedStep[] {
  const all = (pattern: string): RegExpMatchArray[] => [...source.matchAll(new RegExp(pattern, 'g'))]
  const kindOf = (kind: string): string | null => (kind === '' ? null : kind)
  return [
    ...all(`${place}\\s*[!=]==?\\s*(${STRING})`).map(([, kind, text]) => exactly(kindOf(kind), text)),
    ...all(`(${STRING})\\s*[!=]==?\\s*${place}`).map(([, text, kind]) => exactly(kindOf(kind), text)),
    ...all(`${place}\\s*\\.(startsWith|endsWith|includes)\\(\\s*(${STRING})\\s*\\)`).map(
      ([, kind, method, text]): NamedStep => {
        const part = unquoted(text)
        const how = method as 'startsWith' | 'endsWith' | 'includes'
        return { kind: kindOf(kind), text: part, isMeant: (path) => path[how](part) }
      },
    ),
    ...all(`\\[\\s*((?:(?:${STRING})\\s*,?\\s*)+)\\]\\s*\\.includes\\(\\s*${place}`).flatMap(
      ([, list, kind]) =>
        [...list.matchAll(new RegExp(STRING, 'g'))].map(([text]) => exactly(kindOf(kind), text)),
    ),
    ...all(`(${REGEX})\\.test\\(\\s*${place}`).map(([, text, kind]): NamedStep => {
      const pattern = new RegExp(text.slice(1, text.lastIndexOf('/')))
      return { kind: kindOf(kind), text, isMeant: (path) => pattern.test(path) }
    }),
  ]
}

function exactly(kind: string | null, quoted: string): NamedStep {
  const text = unquoted(quoted)
  return { kind, text, isMeant: (path) => path === text }
}

const unquoted = (literal: string): string => literal.slice(1, -1).replaceAll(/\\(.)/g, '$1')

/** Name of the second parameter of a function; null when it has none or destructures it. */
function secondParameter(source: string): string | null {
  const start = source.indexOf('(')
  const arrow = source.indexOf('=>')
  if (start < 0 || (arrow >= 0 && arrow < start)) return null
  const parameters: string[] = ['']
  let depth = 0
  for (const c of source.slice(start + 1)) {
    if (c === ')' && depth === 0) break
    if ('([{'.includes(c)) depth++
    else if (')]}'.includes(c)) depth--
    if (c === ',' && depth === 0) parameters.push('')
    else parameters[parameters.length - 1] += c
  }
  const second = parameters[1]?.trim() ?? ''
  return /^[\w$]+$/.test(second) ? second : null
}
