import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModelError } from './errors.ts'
import { flowOf } from './machine.ts'
import { applyPatches, describePatch, drop, insert, move, only, type Patch, replace } from './patch.ts'
import { block, choice, type Entry, type Program, program, step, stepPaths } from './program.ts'

const s = (name: string, to?: string): Entry<unknown> => step(name, {}, to === undefined ? {} : { to })

/** ZAP.1, ZAP.2, a block REQ of two, and ZAP.3, which goes back to ZAP.2. */
const zap = program<unknown>('zap', 'zaps', [
  s('ZAP.1'),
  s('ZAP.2'),
  block('REQ', [s('REQ.1'), s('REQ.2')]),
  s('ZAP.3', 'ZAP.2'),
])

const vcpu = program<unknown>('vcpu', 'runs', [
  choice('run', [step('read', {}, { to: 'run' }), step('write', {}, { to: 'run' })]),
  block('FR', [s('REQ.1'), s('FR.2')]),
])

const patched = (patches: readonly Patch<unknown>[], programs: readonly Program<unknown>[] = [zap, vcpu]) =>
  applyPatches(programs, patches).map((p) => stepPaths(p.entries))

describe('drop', () => {
  it('takes the step out and leaves the order of the others', () => {
    expect(patched([drop('ZAP.2')])[0]).toEqual(['ZAP.1', 'REQ/REQ.1', 'REQ/REQ.2', 'ZAP.3'])
  })

  it('sends whoever went there to what follows', () => {
    const flow = flowOf(applyPatches([zap], [drop('ZAP.2')])[0])
    const jump = flow.steps.find((each) => each.path === 'ZAP.3')
    expect(jump && flow.target(jump, 0)).toBe('REQ/REQ.1')
  })

  it('applies wherever the name occurs, in every program', () => {
    const [first, second] = patched([drop('REQ.1')])
    expect(first).not.toContain('REQ/REQ.1')
    expect(second).toEqual(['read', 'write', 'FR/FR.2'])
  })

  it('applies to one place when the path is given, and jumps still find it', () => {
    const [first, second] = patched([drop('FR/REQ.1')])
    expect(first).toContain('REQ/REQ.1')
    expect(second).not.toContain('FR/REQ.1')
    const looping = program<unknown>('loop', 'loops', [block('L', [s('L.1'), s('L.2'), s('L.3', 'L.1')])])
    const flow = flowOf(applyPatches([looping], [drop('L/L.1')])[0])
    const jump = flow.steps.find((each) => each.path === 'L/L.3')
    expect(jump && flow.target(jump, 0)).toBe('L/L.2')
  })

  it('takes one way out of a choice', () => {
    expect(patched([drop('write')])[1]).toEqual(['read', 'FR/REQ.1', 'FR/FR.2'])
  })

  it('takes a whole block', () => {
    expect(patched([drop('REQ')], [zap])[0]).toEqual(['ZAP.1', 'ZAP.2', 'ZAP.3'])
  })
})

describe('move', () => {
  it('moves a step or a block before or after another', () => {
    expect(patched([move('ZAP.3', { before: 'ZAP.1' })], [zap])[0][0]).toBe('ZAP.3')
    expect(patched([move('ZAP.1', { after: 'REQ' })], [zap])[0]).toEqual([
      'ZAP.2',
      'REQ/REQ.1',
      'REQ/REQ.2',
      'ZAP.1',
      'ZAP.3',
    ])
    expect(patched([move('REQ', { before: 'ZAP.1' })], [zap])[0].slice(0, 2)).toEqual([
      'REQ/REQ.1',
      'REQ/REQ.2',
    ])
  })

  it('refuses to leave its list', () => {
    expect(() => patched([move('ZAP.1', { after: 'REQ.1' })], [zap])).toThrow(
      'patch "move ZAP.1 after REQ.1": "REQ.1" is not in the same list of steps',
    )
  })

  it('keeps the steps, whatever is moved where', () => {
    const names = ['ZAP.1', 'ZAP.2', 'REQ', 'ZAP.3']
    fc.assert(
      fc.property(
        fc.subarray(names, { minLength: 2, maxLength: 2 }),
        fc.boolean(),
        fc.boolean(),
        ([a, b], swap, before) => {
          const [moved, anchor] = swap ? [b, a] : [a, b]
          const [entries] = applyPatches(
            [zap],
            [move<unknown>(moved, before ? { before: anchor } : { after: anchor })],
          ).map((p) => p.entries.map((e) => e.name))
          expect([...entries].sort()).toEqual([...names].sort())
          expect(entries.indexOf(moved) - entries.indexOf(anchor)).toBe(before ? -1 : 1)
          const others = (list: readonly string[]) => list.filter((n) => n !== moved)
          expect(others(entries)).toEqual(others(names))
        },
      ),
    )
  })
})

describe('insert and replace', () => {
  it('put new entries exactly there', () => {
    expect(patched([insert({ after: 'ZAP.1' }, s('NEW.1'), s('NEW.2'))], [zap])[0].slice(0, 4)).toEqual([
      'ZAP.1',
      'NEW.1',
      'NEW.2',
      'ZAP.2',
    ])
    expect(patched([insert({ before: 'REQ.2' }, s('NEW'))], [zap])[0].slice(2, 5)).toEqual([
      'REQ/REQ.1',
      'REQ/NEW',
      'REQ/REQ.2',
    ])
    expect(patched([replace('ZAP.1', s('ZAP.1'), s('NEW'))], [zap])[0].slice(0, 3)).toEqual([
      'ZAP.1',
      'NEW',
      'ZAP.2',
    ])
  })

  it('put a step into a choice, and nothing but a step', () => {
    expect(patched([insert({ after: 'write' }, s('execute', 'run'))], [vcpu])[0].slice(0, 3)).toEqual([
      'read',
      'write',
      'execute',
    ])
    expect(() => patched([replace('write', block('W', [s('W.1')]))], [vcpu])).toThrow(
      'a choice holds steps only, W is a block',
    )
  })
})

describe('all patches', () => {
  const unknown: [string, Patch<unknown>][] = [
    ['drop NONE', drop('NONE')],
    ['move NONE before ZAP.1', move('NONE', { before: 'ZAP.1' })],
    ['replace NONE by X', replace('NONE', s('X'))],
    ['insert X after NONE', insert({ after: 'NONE' }, s('X'))],
  ]
  it.each(unknown)('"%s" is an error that names the step', (text, patch) => {
    expect(() => patched([patch])).toThrow(new ModelError(`patch "${text}": no program has a step "NONE"`))
  })

  it('can be limited to one kind of program, which must have the step', () => {
    const [first, second] = patched([only('vcpu', drop('REQ.1'))])
    expect(first).toContain('REQ/REQ.1')
    expect(second).not.toContain('FR/REQ.1')
    expect(() => patched([only('vcpu', drop('ZAP.1'))])).toThrow(
      'patch "drop ZAP.1 (vcpu only)": no program of kind vcpu has a step "ZAP.1"',
    )
  })

  it('apply in order, each to the result of those before', () => {
    expect(patched([insert({ after: 'ZAP.1' }, s('NEW')), drop('ZAP.1')], [zap])[0][0]).toBe('NEW')
    expect(() => patched([replace('ZAP.1', s('NEW')), drop('ZAP.1')], [zap])).toThrow(ModelError)
  })

  it('leave the programs they are given alone', () => {
    const before = JSON.stringify(zap)
    patched([drop('ZAP.1'), move('ZAP.3', { before: 'ZAP.2' }), insert({ before: 'REQ.1' }, s('NEW'))])
    expect(JSON.stringify(zap)).toBe(before)
  })

  it('match whole names only', () => {
    const two = program<unknown>('two', 'two', [s('ZAP.1'), s('ZAP.10')])
    expect(patched([drop('ZAP.1')], [two])[0]).toEqual(['ZAP.10'])
    expect(() => patched([drop('AP.1')], [two])).toThrow(ModelError)
  })

  it('say what they do in a line', () => {
    expect(describePatch(only('vcpu', move('A', { after: 'B' })))).toBe('move A after B (vcpu only)')
    expect(describePatch(insert({ before: 'B' }, step('X', {}), step('Y', {})))).toBe('insert X, Y before B')
  })
})
