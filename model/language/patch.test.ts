import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModelError } from './errors.ts'
import { flowOf } from './machine.ts'
import {
  applyPatches,
  describePatch,
  drop,
  insert,
  move,
  only,
  type Patch,
  replace,
  tracePatches,
} from './patch.ts'
import { block, choice, type Entry, inFunction, type Program, program, step, stepPaths } from './program.ts'

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

  it('makes jumps to it land on what follows', () => {
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
            [move<unknown>(moved, before ? { before: anchor } : { after: anchor }, 'follow')],
          ).map((p) => p.entries.filter((e) => e.kind !== 'landing').map((e) => e.name))
          expect([...entries].sort()).toEqual([...names].sort())
          expect(entries.indexOf(moved) - entries.indexOf(anchor)).toBe(before ? -1 : 1)
          const others = (list: readonly string[]) => list.filter((n) => n !== moved)
          expect(others(entries)).toEqual(others(names))
        },
      ),
    )
  })
})

/** Where each step's cases lead after patches, by path. */
const targets = (p: Program<unknown>, ...patches: Patch<unknown>[]): Record<string, string> => {
  const flow = flowOf(applyPatches([p], patches)[0])
  return Object.fromEntries(
    flow.steps.map((l) => [l.path, l.step.cases.map((_, n) => flow.target(l, n)).join(' ')]),
  )
}

/** A loop of two steps, entered from above and by a jump over it. */
const loop = program<unknown>('loop', 'loops', [
  step('enter', {}, [{ when: () => true, to: 'X' }, {}]),
  s('first'),
  s('X'),
  step('again', {}, [{ when: () => true, to: 'X' }, {}]),
  s('last'),
])

describe('jumps to a step', () => {
  it('land on what is inserted before it, and continue to it', () => {
    expect(targets(loop, insert({ before: 'X' }, s('NEW.1'), s('NEW.2')))).toEqual({
      enter: 'NEW.1 first',
      first: 'NEW.1',
      'NEW.1': 'NEW.2',
      'NEW.2': 'X',
      X: 'again',
      again: 'NEW.1 last',
      last: 'done',
    })
  })

  it('land on the later insertion too, whatever the order of the two', () => {
    const both = [insert({ before: 'X' }, s('A')), insert({ before: 'X' }, s('B'))]
    expect(targets(loop, ...both)).toMatchObject({ enter: 'A first', A: 'B', B: 'X', again: 'A last' })
    const outer = [insert({ before: 'X' }, s('A')), insert({ before: 'A' }, s('B'))]
    expect(targets(loop, ...outer)).toMatchObject({ enter: 'B first', B: 'A', A: 'X', again: 'B last' })
  })

  it('land on an insertion from steps that a later patch adds', () => {
    const patches = [insert({ before: 'X' }, s('NEW')), replace('last', s('last', 'X'))]
    expect(targets(loop, ...patches)).toMatchObject({ last: 'NEW' })
  })

  it('go to the step itself from what is inserted, and from inside the step', () => {
    const self = program<unknown>('self', 'spins', [
      s('a'),
      step('X', {}, [{ when: () => true, to: 'X' }, {}]),
      block('B', [s('B.1'), s('B.2', 'B')]),
    ])
    const retry = step<unknown>('NEW', {}, [{ when: () => true, to: 'X' }, {}])
    expect(targets(self, insert({ before: 'X' }, retry, s('NEW.2')))).toMatchObject({
      NEW: 'X NEW.2',
      X: 'X B/B.1',
    })
    expect(targets(self, insert({ before: 'B' }, s('NEW')))).toMatchObject({ X: 'X NEW', 'B/B.2': 'B/B.1' })
  })

  it('land before a choice from its own steps: each is another step', () => {
    expect(targets(vcpu, insert({ before: 'run' }, s('NEW')))).toMatchObject({
      NEW: 'run',
      read: 'NEW',
      write: 'NEW',
    })
  })

  it('land on an insertion before a block when they name its first step', () => {
    const into = program<unknown>('into', 'jumps in', [
      s('a', 'B/B.1'),
      s('b', 'B/B.2'),
      block('B', [s('B.1'), s('B.2')]),
    ])
    expect(targets(into, insert({ before: 'B' }, s('NEW')))).toMatchObject({ a: 'NEW', b: 'B/B.2' })
    expect(targets(into, insert({ before: 'B.1' }, s('NEW')))).toMatchObject({ a: 'B/NEW', 'B/NEW': 'B/B.1' })
  })

  it('pass what is inserted after a step that they do not fall off', () => {
    expect(targets(loop, insert({ after: 'first' }, s('NEW')))).toMatchObject({
      enter: 'X first',
      first: 'NEW',
      NEW: 'X',
      again: 'X last',
    })
  })

  it('land on what is moved before it', () => {
    expect(targets(loop, move('last', { before: 'X' }))).toEqual({
      enter: 'last first',
      first: 'last',
      last: 'X',
      X: 'again',
      again: 'last done',
    })
  })

  it('land on what replaces it, also under other names', () => {
    expect(targets(loop, replace('X', s('A'), s('B')))).toMatchObject({ enter: 'A first', again: 'A last' })
    const kept = replace('X', s('A'), s('X'), s('B', 'X'))
    expect(targets(loop, kept)).toMatchObject({ enter: 'A first', A: 'X', X: 'B', B: 'X', again: 'A last' })
    expect(targets(loop, replace('X', s('A'), s('B', 'X')))).toMatchObject({ B: 'A' })
    expect(targets(loop, replace('X'))).toMatchObject({ enter: 'again first', again: 'again last' })
  })

  it('land on what follows it when it is dropped, or on what was inserted before it', () => {
    expect(targets(loop, drop('X'))).toMatchObject({ enter: 'again first', again: 'again last' })
    expect(targets(loop, drop('X'), insert({ before: 'X' }, s('NEW')))).toMatchObject({ enter: 'NEW first' })
    expect(targets(loop, insert({ before: 'X' }, s('NEW')), drop('X'))).toMatchObject({ enter: 'NEW first' })
  })

  it('need a decision when the step is moved', () => {
    expect(() => targets(loop, move('X', { after: 'again' }))).toThrow(
      new ModelError(
        'patch "move X after again": enter, again jump to X, and the patch does not say where such jumps land; ' +
          'add "jumps": "follow" (on the moved step) or "stay" (where it stood)',
      ),
    )
    expect(targets(loop, move('X', { after: 'again' }, 'stay'))).toEqual({
      enter: 'again first',
      first: 'again',
      again: 'again X',
      X: 'last',
      last: 'done',
    })
    expect(targets(loop, move('X', { after: 'again' }, 'follow'))).toMatchObject({
      enter: 'X first',
      first: 'again',
      again: 'X X',
    })
    expect(targets(loop, move('X', { before: 'enter' }, 'stay'))).toMatchObject({
      X: 'enter',
      enter: 'again first',
      again: 'again last',
    })
  })

  it('stay with the step when it is moved to where it stands', () => {
    expect(targets(loop, move('X', { before: 'again' }))).toEqual(targets(loop))
    expect(targets(loop, move('first', { before: 'X' }))).toEqual(targets(loop))
  })

  it('reach every inserted step, however many are inserted where', () => {
    const names = ['enter', 'first', 'X', 'again', 'last']
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...names), { maxLength: 5 }), (places) => {
        const patches = places.map((before, n) => insert<unknown>({ before }, s(`NEW.${n}`)))
        const found = targets(loop, ...patches)
        // Without the insertions, step by step, the program is what it was.
        const past = (name: string): string => (name.startsWith('NEW.') ? past(found[name]) : name)
        for (const [name, leads] of Object.entries(targets(loop)))
          expect(found[name].split(' ').map(past).join(' ')).toBe(leads)
        // Every way to X leads through all that was inserted before it.
        const before = places.flatMap((place, n) => (place === 'X' ? [`NEW.${n}`] : []))
        const direct = Object.entries(found).filter(([, leads]) => leads.split(' ').includes('X'))
        if (before.length > 0) expect(direct.map(([name]) => name)).toEqual([before.at(-1)])
      }),
    )
  })
})

describe('tracePatches', () => {
  const places = (patches: readonly Patch<unknown>[]) =>
    tracePatches([zap, vcpu], patches).places.map((each) =>
      each.map((p) => `${p.machine} ${p.path} ${p.changes}`),
    )

  it('says where each patch applies', () => {
    expect(places([drop('REQ.1'), only('vcpu', drop('FR.2')), only('none', drop('x'))])).toEqual([
      ['zap REQ/REQ.1 true', 'vcpu FR/REQ.1 true'],
      ['vcpu FR/FR.2 true'],
      [],
    ])
  })

  it('says where a step already stands', () => {
    expect(places([move('ZAP.1', { before: 'ZAP.2' }), move('ZAP.3', { after: 'REQ' })])).toEqual([
      ['zap ZAP.1 false'],
      ['zap ZAP.3 false'],
    ])
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

describe('functions around what a patch adds', () => {
  const fr = program<unknown>('fr', 'frees', [
    s('OB.1'),
    ...inFunction('free_roots', s('FR.1'), block('FR.2', [s('CM.1')], { fn: 'commit' }), s('FR.3')),
  ])
  const functions = (...patches: Patch<unknown>[]) =>
    Object.fromEntries(
      flowOf(applyPatches([fr], patches)[0]).steps.map((l) => [l.path, l.functions.join('/')]),
    )

  it('are those around the entry before or after which it stands', () => {
    expect(functions(insert({ after: 'OB.1' }, s('a')), insert({ before: 'FR.3' }, s('b')))).toMatchObject({
      a: '',
      b: 'free_roots',
    })
  })

  it('are those around the entry that it replaces, and what it says itself', () => {
    expect(
      functions(replace('FR.1', ...inFunction('test', s('FR.1'))), replace('CM.1', s('c'))),
    ).toMatchObject({
      'FR.1': 'free_roots/test',
      'FR.2/c': 'free_roots/commit',
    })
  })

  it('are those of the new place, for what is moved', () => {
    const moved = functions(move('FR.3', { before: 'OB.1' }), move('FR.2', { after: 'OB.1' }))
    expect(moved).toMatchObject({ 'FR.3': '', 'FR.2/CM.1': 'commit', 'FR.1': 'free_roots' })
    expect(functions(move('OB.1', { after: 'FR.1' }))).toMatchObject({ 'OB.1': 'free_roots' })
  })

  it('are left to what is put after an entry that was dropped', () => {
    expect(functions(drop('FR.3'), insert({ after: 'FR.3' }, s('d')))).toMatchObject({ d: 'free_roots' })
  })
})
