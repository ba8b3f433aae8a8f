import { expect, it } from 'vitest'
import { applyPatches } from '../../../model/language/patch.ts'
import { program, type Step, step } from '../../../model/language/program.ts'
import { fixGuards } from './fix-guards.ts'

const no = (): boolean => false
const zapper = program<never>(
  'zapper',
  '',
  [
    step('Z.1', { shows: 'write_lock(&kvm->mmu_lock)' }, { when: no }),
    step('Z.2', {}, [{ when: no, to: 'Z.4' }, {}]),
    step('Z.3', {}, [{ when: no }, { when: no, to: 'Z.2' }]),
    step('Z.4', { shows: 'wait' }, { when: no }),
    step('Z.5', {}, { does: () => {} }),
  ],
  { fn: 'zap' },
)
const mutants = fixGuards.mutants([zapper])

it('every test is decided both ways, and a step that waits no longer waits; locks are left', () => {
  expect(mutants.map(({ id }) => id)).toEqual([
    'Z.2 always true in zap()',
    'Z.2 never true in zap()',
    'Z.3 always true (test 1) in zap()',
    'Z.3 never true (test 1) in zap()',
    'Z.3 always true (test 2) in zap()',
    'Z.3 never true (test 2) in zap()',
    'Z.4 without waiting in zap()',
  ])
})

it('a decided test keeps what it does and where it goes', () => {
  const changed = mutants.map(({ patches, places: [{ path }] }) => {
    const { entries } = applyPatches([zapper], patches)[0]
    const { cases } = entries.find((entry) => entry.name === path) as Step<never>
    return cases.map(({ when, to }) => `${when === undefined ? '' : 'if '}${to ?? 'next'}`)
  })
  expect(changed).toEqual([
    ['Z.4'],
    ['next'],
    ['next'],
    ['if Z.2'],
    ['if next', 'Z.2'],
    ['if next'],
    ['next'],
  ])
})
