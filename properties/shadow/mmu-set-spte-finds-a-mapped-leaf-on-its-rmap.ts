import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { index_at } from '../../model/memory/primitives/guest-memory.ts'
import type { Sptep } from '../../model/memory/shadow/rmap.ts'
import { spte_gfn } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'

export const mmuSetSpteFindsAMappedLeafOnItsRmap: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'mmu-set-spte-finds-a-mapped-leaf-on-its-rmap',
  aliases: [],
  title: 'A leaf SPTE that a fault finds present, with the page it wants, is on its rmap.',
  when: 'when a page fault is about to store a leaf SPTE (SET.4)',
  reference: 'was_rmapped, and WARN_ON_ONCE(ret == RET_PF_SPURIOUS) beside rmap_add() in mmu_set_spte()',
  consequence: 'The fault adds nothing to the rmap, and notifiers never find the SPTE.',
  given: (kvm, at) => rewritten(kvm, at).length > 0,
  holds: (kvm, at) =>
    rewritten(kvm, at).every(({ page, index }) =>
      kvm.rmap[spte_gfn(kvm, page, index) as number][page].has(index),
    ),
}

/** The present leaves that a vCPU is about to store again. */
function rewritten(kvm: Kvm, at: Counters): Sptep[] {
  return all(kvm.vcpu).flatMap((v) => {
    if (at.vcpu[v] !== 'PF/SET.4') return []
    const { gva, fault } = kvm.vcpu[v]
    const page = fault.sp as number
    const { spte } = kvm.page[page]
    const index = index_at(gva, 1, spte.length)
    return spte[index].kind === 'leaf' && spte[index].pfn === fault.pfn ? [{ page, index }] : []
  })
}
