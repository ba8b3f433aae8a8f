import type { ActionProperty } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { index_at } from '../../model/memory/primitives/guest-memory.ts'

export const tdpMmuMapHandleTargetLevelFindsTheSamePfn: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'tdp-mmu-map-handle-target-level-finds-the-same-pfn',
  aliases: [],
  title:
    'A fault that finds a level-1 SPTE which allows the access has looked up the page that the SPTE maps.',
  when: 'whenever a fault reads the SPTE at level 1 (WALK.3)',
  reference:
    'WARN_ON_ONCE(fault->pfn != spte_to_pfn(iter->old_spte)) in tdp_mmu_map_handle_target_level(), v6.14',
  consequence: 'The SPTE maps a page that the host has replaced: a notifier has missed it.',
  judgedWhere: ({ tdp, shadow }: Bounds) => tdp.on && shadow.levels > 1,
  given: (before, { kind, self, path }) =>
    kind === 'vcpu' && path === 'TDP/WALK.3' && finds_leaf(before, self),
  holds: (before, { kind, self, path }) => {
    if (kind !== 'vcpu' || path !== 'TDP/WALK.3' || !finds_leaf(before, self)) return true
    return read(before, self).pfn === before.vcpu[self].fault.pfn
  },
}

function read(kvm: Kvm, v: number) {
  const { fault, gva } = kvm.vcpu[v]
  const { spte } = kvm.page[fault.sp as number]
  return spte[index_at(gva, 1, spte.length)]
}

function finds_leaf(kvm: Kvm, v: number): boolean {
  const { fault, guest } = kvm.vcpu[v]
  if (fault.sp === null || kvm.page[fault.sp].level !== 1) return false
  const { kind, w } = read(kvm, v)
  return kind === 'leaf' && (w || guest !== 'write')
}
