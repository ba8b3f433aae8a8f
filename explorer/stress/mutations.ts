import type { Draw } from './searches.ts'

/** A damaged file, and how it was damaged. */
export interface Mutated {
  readonly how: string
  readonly bytes: Buffer
}

/** Strings that break programs. */
const ODD = [
  '',
  '\0',
  '\u202e',
  '\ud800',
  '\ufeff',
  '\u2028',
  '__proto__',
  '../..',
  '\x1b[2J',
  'e\u0301',
  '\u{1f600}',
  'x'.repeat(5000),
]

/** Numbers that break programs, as text. */
const HUGE = [
  '1e999',
  '-1',
  '9007199254740993',
  '1e308',
  '0.5',
  '-0',
  '99999999999999999999',
  '2147483648',
  '4294967296',
]

type Mutation = (bytes: Buffer, pick: Draw) => Buffer

/** For all files. */
const OF_BYTES: Readonly<Record<string, Mutation>> = {
  'a flipped bit': (bytes, pick) => {
    const copy = Buffer.from(bytes)
    if (copy.length > 0) copy[pick(copy.length)] ^= 1 << pick(8)
    return copy
  },
  'flipped bits': (bytes, pick) => {
    const copy = Buffer.from(bytes)
    for (let n = 0; n < 20 && copy.length > 0; n++) copy[pick(copy.length)] ^= 1 << pick(8)
    return copy
  },
  'an end cut off': (bytes, pick) => bytes.subarray(0, pick(bytes.length + 1)),
  'a part left out': (bytes, pick) => {
    const from = pick(bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + pick(40))])
  },
  'a part twice': (bytes, pick) => {
    const from = pick(bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, from + pick(40)), bytes.subarray(from)])
  },
  zeros: (bytes, pick) => {
    const copy = Buffer.from(bytes)
    const from = pick(copy.length + 1)
    return copy.fill(0, from, Math.min(copy.length, from + 1 + pick(64)))
  },
  'something appended': (bytes, pick) => Buffer.concat([bytes, Buffer.from(ODD[pick(ODD.length)] || ' {}')]),
}

/** For JSON: the result is more often still JSON. */
const OF_JSON: Readonly<Record<string, Mutation>> = {
  'another number': (bytes, pick) =>
    replaceOne(bytes, pick, /(?<![\w."-])-?\d+(?![\w"-])/g, () => HUGE[pick(HUGE.length)]),
  'another string': (bytes, pick) =>
    replaceOne(bytes, pick, /"[^"\\\n]*"/g, () => JSON.stringify(ODD[pick(ODD.length)])),
  'a value of another kind': (bytes, pick) =>
    replaceOne(bytes, pick, /"[^"\\\n]*"(?!\s*:)/g, () => ['null', '[]', '{}', 'true', '7'][pick(5)]),
  'a key twice': (bytes, pick) =>
    replaceOne(bytes, pick, /"[^"\\\n]*"\s*:/g, (key) => `${key} ${['null', '"x"', '3'][pick(3)]}, ${key}`),
  'a key more': (bytes, pick) =>
    replaceOne(bytes, pick, /\{/g, () => `{${JSON.stringify(ODD[pick(ODD.length)])}: 1, `),
  'a key renamed': (bytes, pick) =>
    replaceOne(bytes, pick, /"[^"\\\n]*"\s*:/g, () => `${JSON.stringify(ODD[pick(ODD.length)])}:`),
  'deep nesting': (bytes, pick) => {
    const depth = [100, 5000, 200_000][pick(3)]
    const [open, close] = pick(2) === 0 ? ['[', ']'] : ['{"a":', '}']
    return replaceOne(bytes, pick, /"[^"\\\n]*"(?!\s*:)/g, () => open.repeat(depth) + 1 + close.repeat(depth))
  },
  'two strings exchanged': (bytes, pick) => {
    const text = bytes.toString('utf8')
    const strings = text.match(/"[^"\\\n]*"(?!\s*:)/g) ?? ['""']
    const other = strings[pick(strings.length)]
    return replaceOne(bytes, pick, /"[^"\\\n]*"(?!\s*:)/g, () => other)
  },
}

function replaceOne(bytes: Buffer, pick: Draw, what: RegExp, by: (found: string) => string): Buffer {
  const text = bytes.toString('utf8')
  const matches = [...text.matchAll(what)]
  if (matches.length === 0) return Buffer.from(`${text} `)
  const { 0: found, index } = matches[pick(matches.length)]
  return Buffer.from(text.slice(0, index) + by(found) + text.slice(index + found.length))
}

/** Damages a file in one way. @param isJson whether its bytes are JSON text. */
export function mutate(bytes: Buffer, isJson: boolean, pick: Draw): Mutated {
  const all = Object.entries(isJson && pick(3) > 0 ? OF_JSON : OF_BYTES)
  const [how, mutation] = all[pick(all.length)]
  return { how, bytes: mutation(bytes, pick) }
}
