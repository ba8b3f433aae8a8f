import { type Entry, inFunction, type Step, step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { ShadowPage } from '../../memory/shadow/fields.ts'
import { clear_spte } from '../../memory/shadow/shadow-page.ts'
import { end_of_walk } from '../../memory/tdp/iter.ts'

/**
 * NS.5 tdp: `kvm_tdp_mmu_unmap_gfn_range()` for one frame, with mmu_lock held for write: its leaf SPTE below every root,
 * invalid ones included. Only valid roots owe a flush: no vCPU is in the guest on an invalid one.
 */
export function unmapTdpGfn(
  gfn: (kvm: Kvm, self: number) => number,
  owes: (kvm: Kvm, self: number) => void,
): Entry<Kvm>[] {
  return inFunction('kvm_unmap_gfn_range', ...inFunction('kvm_tdp_mmu_unmap_gfn_range', zapLeaf(gfn, owes)))
}

/**
 * NS.5 tdp.
 * @param walked which roots; `owes_flush` which of them owe one for an SPTE that was zapped.
 */
export function zapLeaf(
  gfn: (kvm: Kvm, self: number) => number,
  owes: (kvm: Kvm, self: number) => void,
  walked: 'all' | 'valid' = 'all',
  owes_flush: (root: ShadowPage) => boolean = ({ role_invalid }) => !role_invalid,
): Step<Kvm> {
  return step(
    'NS.5 tdp',
    {
      fn: 'tdp_mmu_zap_leafs',
      since: 'v6.1..v7.2',
      c: { 'v6.1': 'tdp_mmu_set_spte(', 'v6.12': 'tdp_mmu_iter_set_spte(' },
      shows: (kvm, self) => `zap the leaf SPTEs of gfn ${gfn(kvm, self)} in ${walked} roots`,
      fused:
        'One frame: the walk has no place to yield, and the lock excludes all that would change SPTEs or put roots.',
    },
    {
      does: (kvm, self) => {
        for (let root = 0; root < kvm.page.length; root++) {
          const { list, root_count } = kvm.page[root]
          if (list !== 'tdp_mmu_roots' || root_count === 0) continue
          if (walked === 'valid' && kvm.page[root].role_invalid) continue
          if (zap_leaf(kvm, root, gfn(kvm, self)) && owes_flush(kvm.page[root])) owes(kvm, self)
        }
      },
    },
  )
}

/** Clears the leaf SPTE that maps a frame below a root. @returns whether there was one. */
function zap_leaf(kvm: Kvm, root: number, gfn: number): boolean {
  const { entry } = end_of_walk(kvm, root, gfn)
  if (entry.kind !== 'leaf') return false
  clear_spte(entry)
  return true
}
