import { describe, expect, it } from 'vitest'
import { namedSteps } from './named-steps.ts'

// biome-ignore lint/suspicious/noExplicitAny: what the functions are called with does not matter here
type Any = any

const names = (code: (...args: never[]) => unknown, takes: 'counters' | 'step' = 'counters') =>
  namedSteps(code, takes).map(({ kind, text }) => [kind, text])

describe('the steps that a function names', () => {
  it('are what it compares program counters with', () => {
    expect(names((_w: Any, at: Any) => at.vcpu[0] === 'A/B' || at.zapper[1] !== 'C')).toEqual([
      ['vcpu', 'A/B'],
      ['zapper', 'C'],
    ])
    expect(names((w: Any, at: Any, self: number) => w.n > 0 && 'A' === at.vcpu[self])).toEqual([
      ['vcpu', 'A'],
    ])
    expect(names((_: Any, at: Any) => ['A', 'B.1 test'].includes(at.vcpu[0]))).toEqual([
      ['vcpu', 'A'],
      ['vcpu', 'B.1 test'],
    ])
  })

  it('are found by part of their path', () => {
    const code = (_: Any, at: Any) =>
      at.vcpu[0].startsWith('A/') ||
      at.vcpu[0].endsWith('/B') ||
      at.vcpu[0].includes('/C/') ||
      /^D\.[12]\/x$/.test(at.vcpu[0])
    const meant = (path: string) => namedSteps(code, 'counters').map((n) => n.isMeant(path))
    expect(meant('A/B')).toEqual([true, true, false, false])
    expect(meant('X/C/Y')).toEqual([false, false, true, false])
    expect(meant('D.2/x')).toEqual([false, false, false, true])
  })

  it('of an action property are what it compares the path of its step with', () => {
    expect(names((_: Any, step: Any) => step.path === 'A' || step.path.endsWith('/B'), 'step')).toEqual([
      [null, 'A'],
      [null, '/B'],
    ])
  })

  it('do not depend on the name of the parameter, and not on other comparisons', () => {
    expect(names((w: Any, counters: Any) => counters.vcpu[0] === 'A' && w.at.vcpu[0] === 'B')).toEqual([
      ['vcpu', 'A'],
    ])
    expect(
      names(function holds(w: Any, $: Any) {
        return w.name === 'B' || $.vcpu[0] === 'A'
      }),
    ).toEqual([['vcpu', 'A']])
    expect(names((w: Any) => w.vcpu[0] === 'A')).toEqual([])
  })
})
