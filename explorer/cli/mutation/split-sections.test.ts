import { expect, it } from 'vitest'
import { applyPatches } from '../../../model/language/patch.ts'
import { block, program, step, stepPaths } from '../../../model/language/program.ts'
import { splitSections } from './split-sections.ts'

const does = { does: () => {} }
const zapper = program<never>(
  'zapper',
  '',
  [
    step('Z.1', { shows: 'write_lock(&kvm->mmu_lock)' }, does),
    step('Z.2', {}, does),
    step('guest', { since: 'guest' }, does),
    block('Z.3', [step('a', {}, does), step('b', {}, does)], { fn: 'flush' }),
    step('Z.4', {}, does),
    step('Z.5', { shows: 'write_unlock(&kvm->mmu_lock)' }, { ...does, to: 'Z.9' }),
    step('Z.6', {}, does),
    step('Z.7', { shows: 'read_lock(&kvm->mmu_lock)' }, does),
    step('Z.8', {}, does),
    step('Z.9', {}, does),
    step('Z.10', {}, does),
    step('Z.11', { shows: 'write_unlock(&kvm->mmu_lock)' }, does),
  ],
  { fn: 'zap' },
)

it('a lock is dropped and taken again between any two statements that it covers', () => {
  const mutants = splitSections.mutants([zapper])
  expect(mutants.map(({ id }) => id)).toEqual([
    'Z.1 and Z.5 split before Z.3 in zap()',
    'Z.1 and Z.5 split before Z.4 in zap()',
  ])
  const [{ entries }] = applyPatches([zapper], mutants[1].patches)
  expect(stepPaths(entries).slice(3, 9)).toEqual([
    'Z.3/a',
    'Z.3/b',
    'Z.5 before Z.4',
    'Z.1 before Z.4',
    'Z.4',
    'Z.5',
  ])
  const copied = entries.find(({ name }) => name === 'Z.5 before Z.4')
  expect(copied).toMatchObject({ kind: 'step', cases: [{ does: does.does }] })
  expect(copied).not.toHaveProperty('cases.0.to')
})
