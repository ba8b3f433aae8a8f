import { expect, it } from 'vitest'
import { drop, type Patch } from '../../model/language/patch.ts'
import type { Witness } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import { mergeBounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { type Plan, scenarioOutside } from '../../model/scenarios/build-scenario.ts'
import { HUGE_PAGE_MAPPED_TWICE } from '../../model/scenarios/fault/access.ts'
import { REPLACED_NESTED_TABLE, REPLACED_TABLE } from '../../model/scenarios/shadow/replaced-table.ts'
import { noFlushDebtAtUnlock } from '../../properties/shadow/no-flush-debt-at-unlock.ts'
import { breadthFirst } from '../search/breadth-first.ts'

function witness(id: string, seen: (kvm: Kvm, at: Counters) => boolean): Witness<Kvm> {
  return { kind: 'witness', id, aliases: [], title: id, reference: 'kvm_mmu_get_child_sp()', seen }
}

/** The child that GET.1 refused is still linked in the place of the page that was got. */
const refusedChildIsLinked = (kvm: Kvm): boolean => {
  const { sp, child } = kvm.vcpu[0].fault
  if (sp === null || child === null) return false
  const { kind, child: linked } = kvm.page[sp].spte[0]
  return kind === 'non-leaf' && linked !== child
}

/** Whether states are reached in which something is seen. */
function reached(plan: Plan, ...witnesses: Witness<Kvm>[]): boolean[] {
  const { properties } = breadthFirst(scenarioOutside(plan).build(), witnesses)
  return properties.map(({ verdict }) => verdict === 'reached')
}

it('a refused child stays linked until the wanted one is, and beyond a retry', () => {
  expect(
    reached(
      REPLACED_TABLE,
      witness('at FETCH.5', (kvm, at) => at.vcpu[0] === 'PF/FETCH/FETCH.5' && refusedChildIsLinked(kvm)),
      witness('at the retry', (kvm, at) => at.vcpu[0] === 'PF/PF.15' && refusedChildIsLinked(kvm)),
      witness('at the link', (kvm, at) => at.vcpu[0] === 'PF/FETCH/FETCH.6' && refusedChildIsLinked(kvm)),
    ),
  ).toEqual([true, true, false])
})

it('a nested table that has lost its last parent is zapped, any other table stays', () => {
  const kept = witness('kept', (kvm, at) => {
    const { child } = kvm.vcpu[0].fault
    const replaced = [...kvm.page].find(({ gfn, list }) => gfn === 1 && list === 'active')
    if (at.vcpu[0] !== 'PF/FETCH/FETCH.6' || child === null || replaced === undefined) return false
    return kvm.page[child].gfn === 2 && [...replaced.parent_ptes].every((entries) => entries.isEmpty())
  })
  expect(reached(REPLACED_TABLE, kept)).toEqual([true])
  expect(reached(REPLACED_NESTED_TABLE, kept)).toEqual([false])
})

it('the flush for a direct page of other access (GET.0) is noticed where it is missing', () => {
  const plan: Plan = {
    ...HUGE_PAGE_MAPPED_TWICE,
    bounds: mergeBounds(HUGE_PAGE_MAPPED_TWICE.bounds, { guest: { reads: [0, 1] } }),
  }
  const judge = (patches: readonly Patch<Kvm>[]): string =>
    breadthFirst(scenarioOutside(plan).build({ patches }), [noFlushDebtAtUnlock]).properties[0].verdict
  expect(judge([])).toBe('holds')
  expect(judge([drop('GET.0 flush')])).toBe('violated')
})
