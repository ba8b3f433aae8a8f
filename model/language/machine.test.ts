import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModelError } from './errors.ts'
import { flowOf } from './machine.ts'
import { applyPatches, drop } from './patch.ts'
import { block, choice, type Entry, program, step, stepPaths } from './program.ts'

const s = (name: string, to?: string): Entry<unknown> => step(name, {}, to === undefined ? {} : { to })
const flow = (...entries: Entry<unknown>[]) => flowOf(program('p', 'a program', entries))

/** Where each step's cases lead, by path. */
function targets(f: ReturnType<typeof flow>): Record<string, string[]> {
  return Object.fromEntries(f.steps.map((l) => [l.path, l.step.cases.map((_, i) => f.target(l, i))]))
}

describe('flowOf', () => {
  it('falls from a step to the next and from the last to done', () => {
    expect(targets(flow(s('a'), s('b'), s('c')))).toEqual({ a: ['b'], b: ['c'], c: ['done'] })
  })

  it('falls into a block and out of it', () => {
    expect(targets(flow(s('a'), block('B', [s('x'), s('y')]), s('c')))).toEqual({
      a: ['B/x'],
      'B/x': ['B/y'],
      'B/y': ['c'],
      c: ['done'],
    })
  })

  it('jumps to steps, to blocks and to done', () => {
    expect(targets(flow(s('a', 'c'), block('B', [s('x', 'done')]), s('c', 'B')))).toEqual({
      a: ['c'],
      'B/x': ['done'],
      c: ['B/x'],
    })
  })

  it('finds the nearest name first', () => {
    const f = flow(s('retry'), block('B', [s('retry'), s('x', 'retry')]), block('C', [s('y', 'retry')]))
    expect(targets(f)['B/x']).toEqual(['B/retry'])
    expect(targets(f)['C/y']).toEqual(['retry'])
  })

  it('resolves each case of a step', () => {
    const f = flow(step('a', {}, [{ to: 'b' }, {}, { to: 'a' }]), s('x'), s('b'))
    expect(targets(f).a).toEqual(['b', 'x', 'a'])
  })

  it('gives a choice one counter with all its steps', () => {
    const f = flow(choice('run', [step('read', {}, { to: 'run' }), step('write', {})]), s('b'))
    expect(f.counters).toEqual(['run', 'b', 'done'])
    expect(f.steps.map(({ path, at }) => [path, at])).toEqual([
      ['read', 'run'],
      ['write', 'run'],
      ['b', 'b'],
    ])
    expect(targets(f)).toEqual({ read: ['run'], write: ['b'], b: ['done'] })
  })

  it('knows what was dropped on the way, by falling or by a jump', () => {
    const entries = [s('a', 'B'), s('b'), block('B', [s('c'), s('d')]), s('e', 'a')]
    const [patched] = applyPatches([program('p', 'a program', entries)], [drop('c'), drop('d'), drop('b')])
    const f = flowOf(patched)
    const dropped = (path: string) => {
      const from = f.steps.find((l) => l.path === path)
      return from && f.dropped(from, 0).map((l) => l.path)
    }
    expect(targets(f)).toEqual({ a: ['e'], e: ['a'] })
    expect(dropped('a')).toEqual(['B/c', 'B/d'])
    expect(dropped('e')).toEqual([])
  })

  it('goes past an empty block', () => {
    expect(targets(flow(s('a'), block('gone', []), s('b', 'gone')))).toEqual({ a: ['b'], b: ['b'] })
  })

  it('knows the valid end states', () => {
    const f = flow(
      step('a', { validEnd: true }),
      step('b', {}),
      choice('c', [step('x', { validEnd: true }), step('y', {})]),
    )
    expect([...f.validEnds].sort()).toEqual(['a', 'c', 'done'])
  })

  it('refuses two of one name', () => {
    expect(() => flow(s('a'), s('a'))).toThrow(new ModelError('program p: two entries are called a'))
    expect(() => flow(choice('c', [step('x', {}), step('x', {})]))).toThrow('two steps are called x')
    expect(() => flow(choice('c', [step('x', {})]), s('x'))).toThrow('two steps are called x')
    expect(() => flow(block('B', [s('a')]), block('B', [s('b')]))).toThrow('two entries are called B')
    expect(() => flow(s('done'))).toThrow('"done" is the name of its end')
  })

  it('refuses a jump to nowhere', () => {
    expect(() => flow(s('a', 'nowhere'))).toThrow(
      new ModelError('program p: step a goes to "nowhere", which does not exist'),
    )
    expect(() => flow(s('a', 'x'), block('B', [s('x')]))).toThrow('goes to "x"')
  })

  it('has every step of the program once, in order, and targets that exist', () => {
    const entries: fc.Arbitrary<Entry<unknown>[]> = fc.letrec<{ list: Entry<unknown>[] }>((tie) => ({
      list: fc
        .array(
          fc.oneof(
            { depthSize: 'small' },
            fc.constant('step' as const),
            fc.constant('choice' as const),
            tie('list'),
          ),
          { maxLength: 4 },
        )
        .map((kinds) =>
          kinds.map((kind, i): Entry<unknown> => {
            if (kind === 'step') return s(`s${i}`)
            if (kind === 'choice')
              return choice(`c${i}`, [step(`c${i}a`, {}), step(`c${i}b`, {}, { to: `c${i}` })])
            return block(`b${i}`, kind)
          }),
        ),
    })).list
    fc.assert(
      fc.property(entries, (list) => {
        const f = flow(...list)
        expect(f.steps.map((l) => l.path)).toEqual(stepPaths(list))
        expect(f.counters[f.counters.length - 1]).toBe('done')
        expect(new Set(f.counters).size).toBe(f.counters.length)
        for (const l of f.steps) for (const t of targets(f)[l.path]) expect(f.counters).toContain(t)
        const fall = f.steps.filter((l) => l.step.cases[0].to === undefined)
        for (const l of fall) expect(f.counters.indexOf(f.target(l, 0))).toBe(f.counters.indexOf(l.at) + 1)
      }),
    )
  })
})
