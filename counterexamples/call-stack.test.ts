import { describe, expect, it } from 'vitest'
import { flowOf } from '../model/language/machine.ts'
import { block, choice, type Entry, inFunction, program, step } from '../model/language/program.ts'
import { range, struct, type View } from '../model/language/shapes.ts'
import { compose, one } from '../model/language/system.ts'
import type { Trace } from '../model/language/trace.ts'
import type { ReadIn } from '../model/language/versions.ts'
import { callStackOf, headingOf } from './call-stack.ts'
import { raceDiagram } from './diagram.ts'
import { replayedOf } from './testing/small-systems.ts'

const called = <W>(fn: string, name: string, since: ReadIn = 'v6.12'): Entry<W> =>
  step<W>(name, { fn, since })

describe('the call stack of a step', () => {
  const stacks = (entries: readonly Entry<never>[], fn?: string): Record<string, readonly string[]> => {
    const { steps } = flowOf(program<never>('p', 'a program', entries, fn === undefined ? {} : { fn }))
    return Object.fromEntries(steps.map((located) => [located.path, callStackOf(located)]))
  }

  it('has the functions of nested blocks, outermost first, and its own', () => {
    expect(
      stacks([
        block('A', [block('B', [called('inner', 's'), step('t', {})], { fn: 'middle' })], { fn: 'outer' }),
      ]),
    ).toEqual({ 'A/B/s': ['outer()', 'middle()', 'inner()'], 'A/B/t': ['outer()', 'middle()'] })
  })

  it('begins with the function of the program', () => {
    expect(stacks([called('inner', 's')], 'outer')).toEqual({ s: ['outer()', 'inner()'] })
  })

  it('is not guessed: neither a block without a function nor the steps around it add one', () => {
    expect(stacks([called('f', 'r'), block('A', [called('g', 's')]), called('f', 't')])).toEqual({
      r: ['f()'],
      'A/s': ['g()'],
      t: ['f()'],
    })
  })

  it('has what inFunction() says, which leaves paths alone', () => {
    const inner = inFunction<never>('inner', called('inner', 's'), block('A', [called('leaf', 't')]))
    expect(stacks([called('outer', 'r'), ...inFunction('outer', ...inner), called('next', 'u')])).toEqual({
      r: ['outer()'],
      s: ['outer()', 'inner()'],
      'A/t': ['outer()', 'inner()', 'leaf()'],
      u: ['next()'],
    })
  })

  it('holds for every step of a choice', () => {
    const either = choice<never>('C', [step('s', { fn: 'f' }), step('t', { fn: 'outer' })])
    expect(stacks(inFunction('outer', either))).toEqual({ s: ['outer()', 'f()'], t: ['outer()'] })
  })

  it('ends where a step belongs to a function that is on it', () => {
    expect(
      stacks([block('A', [block('B', [called('outer', 's')], { fn: 'inner' })], { fn: 'outer' })]),
    ).toEqual({
      'A/B/s': ['outer()'],
    })
  })

  it('is only its heading, for what is no function of the kernel', () => {
    expect(stacks([called('guest', 's', 'guest'), called('host userspace', 't')], 'ioctl')).toEqual({
      s: ['guest:'],
      t: ['host userspace:'],
    })
    expect(headingOf({})).toBeNull()
  })

  it('is not that of the thread, in a lane besides it', () => {
    const walks = { lane: 'walker' }
    expect(stacks([step('s', walks), step('t', { ...walks, fn: 'walk' })], 'vcpu_enter_guest')).toEqual({
      s: [],
      t: ['walk()'],
    })
  })
})

describe('in a diagram', () => {
  const world = struct({ x: range(0, 9) })
  type World = View<typeof world>
  const act = (fn: string, name: string, quiet = false): Entry<World> =>
    step<World>(
      name,
      { fn, quiet },
      {
        does: (w) => {
          w.x++
        },
      },
    )

  /** The lane of a run through all entries, with headings. */
  const lane = (entries: readonly Entry<World>[]): string[] => {
    const thread = program<World>('t', 'runs', entries)
    const system = compose({ name: 'calls', world, threads: [one(thread)], initial: [() => {}] })
    const paths = system.threads[0].flow.steps.map(({ path }) => path)
    const trace: Trace = { initial: 0, steps: paths.map((path) => ({ thread: 't', step: path })) }
    const last = paths.length
    const property = { id: 'p', kind: 'invariant', title: 'P.', holds: (w: World) => w.x !== last } as const
    const lines = raceDiagram(replayedOf({ system, property }, trace))
    const from = lines.findIndex((line) => line.startsWith('  ---'))
    return lines
      .slice(
        from + 1,
        lines.findIndex((line) => line.includes('BUG')),
      )
      .map((line) => line.slice(2, 40).trimEnd())
  }

  it('a later step of the caller closes the callee, and the next call is another one', () => {
    const callee = (name: string) => inFunction('f', act('g', `${name}.1`), act('g', `${name}.2`))
    expect(lane([act('f', 'f.1'), ...callee('a'), act('f', 'f.2'), ...callee('b')])).toEqual([
      'f()',
      '  x = 1',
      '  g()',
      '    x = 2',
      '    x = 3',
      '  x = 4',
      '  g()',
      '    x = 5',
      '    x = 6',
    ])
  })

  it('so does one that is left out', () => {
    const callee = (name: string) => inFunction('f', act('g', `${name}.1`), act('g', `${name}.2`))
    expect(lane([...callee('a'), act('f', 'f.1', true), ...callee('b')])).toEqual([
      'f()',
      '  g()',
      '    x = 1',
      '    x = 2',
      '  g()',
      '    x = 4',
      '    x = 5',
    ])
  })

  it('a caller that has no row has a heading', () => {
    expect(lane([block('A', [act('g', 's'), act('g', 't')], { fn: 'f' })])).toEqual([
      'f()',
      '  g()',
      '    x = 1',
      '    x = 2',
    ])
  })
})
