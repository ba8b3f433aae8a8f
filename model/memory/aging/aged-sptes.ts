import type { Kvm } from '../kvm.ts'
import type { Spte } from '../shadow/fields.ts'
import { rmap_entries } from '../shadow/rmap.ts'

/** The leaf SPTE of a frame below a valid root of the TDP MMU (a direct page, on no rmap); null without one. */
export function tdp_leaf(kvm: Kvm, gfn: number): Spte | null {
  for (let page = 0; page < kvm.page.length; page++) {
    const { list, role_direct, role_invalid, spte } = kvm.page[page]
    if (list === 'free' || !role_direct || role_invalid) continue
    for (let index = 0; index < spte.length; index++)
      if (spte[index].kind === 'leaf' && spte[index].gfn === gfn) return spte[index]
  }
  return null
}

/** All leaf SPTEs that aging has to look at: of the TDP MMU, and on the rmaps. */
export function agedSptes(kvm: Kvm, gfns: readonly number[]): Spte[] {
  return gfns.flatMap((gfn) => {
    const direct = tdp_leaf(kvm, gfn)
    const shadow = rmap_entries(kvm, gfn).map(({ page, index }) => kvm.page[page].spte[index])
    return [...(direct === null ? [] : [direct]), ...shadow.filter(({ kind }) => kind === 'leaf')]
  })
}
