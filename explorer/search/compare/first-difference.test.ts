import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { System } from '../../../model/language/system.ts'
import { randomSystem } from '../../oracles/random-system.ts'
import { effort } from '../../testing/effort.ts'
import { labelledTransitions } from '../testing/labelled-transitions.ts'
import { type NaiveGraph, naiveGraphOf } from '../testing/naive-liveness.ts'
import { firstDifference, type Inclusion } from './first-difference.ts'
import { namedGraph } from './named-graph.ts'

/** What `a` can do and `b` cannot. */
const difference = (a: System, b: System, limits = {}, mostPairs?: number): Inclusion =>
  firstDifference(namedGraph(a, limits), namedGraph(b, limits), mostPairs)

const words = (found: Inclusion): string[] | string =>
  found.kind === 'found' ? found.steps.map(({ thread, step }) => `${thread}.${step}`) : found.kind

const system = (transitions: string): System => labelledTransitions({ t: transitions }) as System

describe('the first difference', () => {
  it('is the shortest behaviour that the other lacks, and what that can do instead', () => {
    const a = system('0 go 1, 1 on 2, 2 back 0, 1 out 3')
    const b = system('0 go 1, 1 on 2, 2 back 0, 0 out 3')
    expect(difference(a, b)).toEqual({
      kind: 'found',
      initial: 0,
      steps: [
        { thread: 't', step: 'go' },
        { thread: 't', step: 'out' },
      ],
      fault: false,
      instead: ['on'],
      waitsAt: ['run'],
      shortest: true,
    })
    expect(words(difference(b, a))).toEqual(['t.out'])
    expect(words(difference(a, a))).toBe('none')
  })

  it('passes over steps that only one has', () => {
    const b = system('0 go 1, 1 on 0')
    const a = labelledTransitions({ t: '0 go 1, 1 on 0', other: '1 extra 2' }) as System
    expect(words(difference(a, b))).toBe('none')
    expect(words(difference(b, a))).toBe('none')
    // Where such a step leads to another choice, it is part of the behaviour.
    const further = labelledTransitions({ t: '0 go 1, 1 on 0, 2 out 3', other: '1 extra 2' }) as System
    const later = system('0 go 1, 1 on 0, 3 out 0')
    expect(words(difference(further, later))).toEqual(['t.go', 'other.extra', 't.out'])
  })

  it('follows every state that the other may be in', () => {
    const a = system('0 go 1, 1 on 2, 2 end 3')
    const hidden = labelledTransitions({
      t: '0 go 1, 5 on 2, 2 end 3',
      other: '1 first 4, 4 second 5',
    }) as System
    expect(words(difference(a, hidden))).toBe('none')
    const either = labelledTransitions({
      t: '0 go 1, 5 on 2, 6 end 3',
      other: '1 first 5, 1 second 6',
    }) as System
    expect(difference(a, either)).toMatchObject({
      kind: 'found',
      fault: false,
      instead: [],
      waitsAt: ['run'],
    })
    expect(words(difference(a, either))).toEqual(['t.go', 't.on', 't.end'])
  })

  it('is not decided where a bound was reached, and never "none"', () => {
    const a = system('0 go 1, 1 on 2, 2 back 3, 3 out 4')
    const b = system('0 go 1, 1 on 2, 2 back 3, 4 out 4')
    expect(words(difference(a, b))).toEqual(['t.go', 't.on', 't.back', 't.out'])
    for (const maxStates of [1, 2, 3])
      expect(['not-decided', 'found']).toContain(difference(a, b, { maxStates }).kind)
    expect(difference(a, a, { maxStates: 2 }).kind).toBe('not-decided')
    expect(difference(a, a, {}, 2)).toEqual({ kind: 'not-decided', why: 'pairs', most: 2 })
  })
})

/** The behaviours of `a` up to a length, as names; the words of `b` by brute force on another implementation. */
describe('on random systems', () => {
  const tape = fc.array(fc.nat(999), { minLength: 20, maxLength: 60 })
  const counts = { found: 0, none: 0 }
  const MOST_STEPS = effort(4, 5)

  it('agrees with the words of both, enumerated', () => {
    const change = fc.record({ at: fc.nat(59), to: fc.nat(999) })
    fc.assert(
      fc.property(tape, change, (numbers, { at, to }) => {
        const changed = numbers.with(at % numbers.length, to)
        const [a, b] = [randomSystem(numbers).system, randomSystem(changed).system]
        const found = difference(a as System, b as System)
        expect(found.kind).not.toBe('not-decided')
        const shortest = enumerated(naiveGraphOf(a), naiveGraphOf(b), MOST_STEPS)
        if (found.kind === 'found' && found.steps.length <= MOST_STEPS) {
          expect(shortest).toBe(found.steps.length)
          counts.found++
        } else {
          expect(shortest).toBe(null)
          if (found.kind === 'none') counts.none++
        }
      }),
      { numRuns: effort(15, 600) },
    )
  })

  it.runIf(effort(0, 1) === 1)('saw both answers', () => {
    expect(counts.found).toBeGreaterThan(0)
    expect(counts.none).toBeGreaterThan(0)
  })
})

/** Length of a shortest behaviour of `a` whose visible word `b` lacks, of at most `most` steps; null if there is none. */
function enumerated<W>(a: NaiveGraph<W>, b: NaiveGraph<W>, most: number): number | null {
  const namesOf = ({ system }: NaiveGraph<W>): Set<string> =>
    new Set(system.threads.flatMap(({ name, flow }) => flow.steps.map(({ path }) => `${name}.${path}`)))
  const [mine, theirs] = [namesOf(a), namesOf(b)]
  const isVisible = (name: string): boolean => mine.has(name) && theirs.has(name)
  const starts = Math.min(a.initial.length, b.initial.length)
  const isSame = a.initial.length === b.initial.length
  interface Path {
    readonly state: string
    readonly word: readonly string[]
    readonly start: number
  }
  let paths: Path[] = a.initial.map((state, start) => ({ state, word: [], start }))
  expect(starts).toBeGreaterThan(0)
  for (let length = 1; length <= most; length++) {
    const next: Path[] = []
    for (const { state, word, start } of paths)
      for (const { thread, path, to } of a.states.get(state) ?? []) {
        if (thread === null) continue
        const name = `${thread}.${path}`
        const longer = to === null ? [...word, `${name}!`] : isVisible(name) ? [...word, name] : word
        if (!hasWord(b, isSame ? [b.initial[start]] : b.initial, longer, isVisible)) return length
        if (to !== null) next.push({ state: to, word: longer, start })
      }
    paths = [...new Map(next.map((each) => [JSON.stringify(each), each])).values()]
  }
  return null
}

/** Whether a graph has a word, by trying every way. */
function hasWord<W>(
  graph: NaiveGraph<W>,
  from: readonly string[],
  word: readonly string[],
  isVisible: (name: string) => boolean,
): boolean {
  const seen = new Set<string>()
  const visit = (state: string, at: number): boolean => {
    if (at === word.length) return true
    const key = `${state}/${at}`
    if (seen.has(key)) return false
    seen.add(key)
    return (graph.states.get(state) ?? []).some(({ thread, path, to }) => {
      if (thread === null) return false
      const name = `${thread}.${path}`
      if (to === null) return word[at] === `${name}!` && at === word.length - 1
      if (!isVisible(name)) return visit(to, at)
      return word[at] === name && visit(to, at + 1)
    })
  }
  return from.some((state) => visit(state, 0))
}
