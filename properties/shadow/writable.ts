import { isAt, places } from '../../model/language/places.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import type { Spte } from '../../model/memory/shadow/fields.ts'
import { spte_gfn } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'
import { usable_tlb } from './mappings.ts'

const BUILDS_PAGE = places((path) => /\/GET\.[1-9]/.test(path))

/** A vCPU is between allocating the page and the end of the flush that write-protects its guest table. */
export function is_being_built(kvm: Kvm, at: Counters, page: number): boolean {
  return all(kvm.vcpu).some((v) => kvm.vcpu[v].fault.child === page && isAt(at.vcpu, v, BUILDS_PAGE))
}

/**
 * Whether a leaf SPTE that maps a gfn is as asked, in any shadow page. The rmap does not have all of them: an SPTE is
 * stored (SET.4) before it is added (SET.6).
 */
export function some_leaf(kvm: Kvm, gfn: number, is: (leaf: Spte) => boolean): boolean {
  return all(kvm.page).some((page) => {
    const { level, spte } = kvm.page[page]
    const span = spte.length ** (level - 1)
    for (const index of all(spte)) {
      const entry = spte[index]
      if (entry.kind !== 'leaf') continue
      const first = spte_gfn(kvm, page, index)
      if (first !== null && first <= gfn && gfn < first + span && is(entry)) return true
    }
    return false
  })
}

/** A vCPU in the guest can write to a host page through its TLB. */
export function usable_writable_translation(kvm: Kvm, at: Counters, pfn: number): boolean {
  return all(kvm.vcpu).some((v) => usable_tlb(kvm, at, v).some((entry) => entry.w && entry.pfn === pfn))
}
