import { describe, expect, it } from 'vitest'
import { applyPatches } from '../../../model/language/patch.ts'
import { block, choice, type Entry, program, step, stepPaths } from '../../../model/language/program.ts'
import { dropSteps } from './drop-steps.ts'

const does = { does: () => {} }

const flush = (name: string): Entry<never> =>
  block(name, [step('test', {}, does), step('send', { fn: 'kick' }, does), step('end', {})], {
    fn: 'flush',
  })

const zapper = program<never>(
  'zapper',
  '',
  [
    step('Z.1', { shows: 'lock' }, does),
    flush('Z.2'),
    choice('Z.3', [step('Z.3[0]', {}, does), step('Z.3[1]', {}, does), step('Z.3 none', {}, does)]),
    flush('Z.4'),
    choice('Z.5', [step('Z.5[0]', {}, does), step('Z.5[1]', {}, does)]),
    step('guest', { fn: 'guest', since: 'guest' }, does),
    step('walk', { fn: 'hardware page walk' }, does),
    step('load', { fn: 'load', since: 'hardware' }, does),
    step('copy', { fn: 'copy', c: { none: 'model' } }, does),
    block('only', [step('Z.6', { fn: 'free' }, does)]),
  ],
  { fn: 'zap' },
)

const mutants = dropSteps.mutants([zapper])
const mutant = (id: string) => {
  const found = mutants.find((m) => m.id === id)
  if (found === undefined) throw new Error(`no mutant ${id}`)
  return found
}

describe('the statements that can be dropped', () => {
  it('are steps and calls of the kernel, each once, in the order of the program', () => {
    expect(mutants.map(({ id }) => id)).toEqual([
      'Z.1 in zap()',
      'Z.2 in zap()',
      'test in flush()',
      'send in kick()',
      'end in flush()',
      'Z.3[n] in zap()',
      'Z.3 none in zap()',
      'Z.4 in zap()',
      'Z.6 in free()',
    ])
  })

  it('are dropped wherever their function is called, and nothing else is', () => {
    const { patches, places } = mutant('send in kick()')
    expect(places).toEqual([
      { machine: 'zapper', path: 'Z.2/send' },
      { machine: 'zapper', path: 'Z.4/send' },
    ])
    const before = stepPaths(zapper.entries)
    const [{ entries }] = applyPatches([zapper], patches)
    expect(stepPaths(entries)).toEqual(before.filter((path) => !path.endsWith('/send')))
  })

  it('are dropped for every index, and as a whole call', () => {
    const left = (id: string): string[] => stepPaths(applyPatches([zapper], mutant(id).patches)[0].entries)
    expect(left('Z.3[n] in zap()')).not.toContain('Z.3[0]')
    expect(left('Z.3[n] in zap()')).not.toContain('Z.3[1]')
    expect(left('Z.3[n] in zap()')).toContain('Z.3 none')
    expect(left('Z.2 in zap()').filter((path) => path.startsWith('Z.2'))).toEqual([])
    expect(left('Z.2 in zap()')).toContain('Z.4/send')
  })

  it('change nothing if they neither test, write nor jump', () => {
    expect(mutants.filter(({ equivalent }) => equivalent !== null).map(({ id }) => id)).toEqual([
      'end in flush()',
    ])
  })

  it('are shown by what they say, if that does not depend on the state', () => {
    expect(mutant('Z.1 in zap()').shows).toBe('lock')
    expect(mutant('test in flush()').shows).toBe(null)
  })
})
