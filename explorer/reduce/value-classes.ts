import type { System } from '../../model/language/system.ts'
import { Predicates, type Question } from '../compile/predicates.ts'

/** Runs of a question's code beyond which nothing is said about it. */
const MOST_RUNS = 20_000

/**
 * For each field, which of its values a question cannot tell apart, whatever the values of the other fields:
 * `classes.get(field)[code]`. A field that is not there makes no difference at all.
 */
export type ValueClasses = ReadonlyMap<number, readonly number[]>

/**
 * Finds out which values matter to a question, by asking it about all combinations of the values it reads. So
 * "is vCPU 0 in guest mode?" turns out to know two kinds of program counters, not sixty.
 *
 * Nothing is assumed about which states occur: the whole decision tree of the question is built, with equal
 * subtrees shared (Bryant 1986), and two values of a field are of one class when they lead to equal subtrees
 * wherever the field is tested. Code that throws on values that do not occur together gives one more answer.
 * @returns null when the tree is too large to be built.
 */
export function valueClasses(system: System, question: Question): ValueClasses | null {
  const { fields } = system.layout
  const probe = new Predicates(system, [question])
  const nodes = new Map<string, number>()
  /** Subtrees by field: for each node that tests the field, its children by code. */
  const tests = new Map<number, number[][]>()
  let runs = 0

  const codes = probe.recorder.base
  const isAssigned = new Uint8Array(fields.length)
  const ask = (): string => {
    try {
      return String(probe.judge(0))
    } catch {
      return 'throws'
    }
  }
  const numberOf = (key: string): number => {
    const number = nodes.get(key) ?? nodes.size
    nodes.set(key, number)
    return number
  }
  /** Builds the subtree for the values assigned so far. */
  const build = (): number | null => {
    if (runs++ === MOST_RUNS) return null
    const answer = ask()
    const field = probe.recorder.reads.find((f) => isAssigned[f] === 0)
    if (field === undefined) return numberOf(answer)
    const children: number[] = []
    isAssigned[field] = 1
    for (let code = 0; code < fields[field].shape.size; code++) {
      codes[field] = code
      const child = build()
      if (child === null) return null
      children.push(child)
    }
    codes[field] = 0
    isAssigned[field] = 0
    if (children.every((child) => child === children[0])) return children[0]
    const key = `${field}: ${children.join(' ')}`
    if (!nodes.has(key)) tests.set(field, [...(tests.get(field) ?? []), children])
    return numberOf(key)
  }
  if (build() === null) return null
  return new Map(
    [...tests].map(([field, list]) => {
      const known = new Map<string, number>()
      const classes = list[0].map((_, code) => {
        const key = list.map((children) => children[code]).join(' ')
        const number = known.get(key) ?? known.size
        known.set(key, number)
        return number
      })
      return [field, classes]
    }),
  )
}
