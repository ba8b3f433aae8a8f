import { expect, it } from 'vitest'
import { EncodedValues, layout } from '../../language/layout.ts'
import { allBounds, type BoundsInput } from '../bounds.ts'
import { type Kvm, kvmWorld } from '../kvm.ts'
import { sortsOf } from '../sorts.ts'
import { note_missed_page, note_new_race, note_refused_again, note_repaired } from './hint-debt.ts'
import { alloc_shadow_page } from './shadow-page.ts'

function world(more: BoundsInput): Kvm {
  const all = allBounds({ shadow: { levels: 2, pages: 2 }, guest: { gfns: 2, tables: 2 }, ...more })
  const shape = layout(kvmWorld(all, sortsOf(all)))
  return shape.view(new EncodedValues(shape.fields.length)) as Kvm
}
const RECORDED: BoundsInput = { writeTracking: { hintHistory: true } }

it('a wrong reading is open until its repair, and refusals of the store are counted', () => {
  const kvm = world(RECORDED)
  alloc_shadow_page(kvm, 0, 0, 2)
  const debts = [note_missed_page, note_refused_again, note_missed_page, note_refused_again].map((note) => {
    note(kvm, 0)
    return kvm.vcpu[0].hint_debt
  })
  // Missing the same page again is no other race.
  expect(debts).toEqual(['open', 'refused once', 'refused once', 'refused again'])
  note_new_race(kvm, 0)
  expect(kvm.vcpu[0].hint_debt).toBe('open')
  note_repaired(kvm, 0)
  note_refused_again(kvm, 0)
  note_new_race(kvm, 0)
  expect(kvm.vcpu[0].hint_debt).toBe('none')
})

it('a reading of 0 is right while no table is shadowed', () => {
  const kvm = world(RECORDED)
  note_missed_page(kvm, 0)
  expect(kvm.vcpu[0].hint_debt).toBe('none')
})

it('nothing is recorded unless the scenario asks for it', () => {
  const kvm = world({})
  alloc_shadow_page(kvm, 0, 0, 2)
  note_missed_page(kvm, 0)
  expect(kvm.vcpu[0].hint_debt).toBe('none')
})
