import type { Case } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { rmap_is_locked } from '../../memory/shadow/rmap.ts'
import { spte_gfn } from '../../memory/shadow/shadow-page.ts'

/** What a step waits for before it changes an rmap: `kvm_rmap_lock()`. */
type Waits = Pick<Case<Kvm>, 'when'>

/** Waits while the rmap of a frame is walked without mmu_lock. */
export function whileUnlocked(gfn: (kvm: Kvm, self: number) => number): Waits {
  return { when: (kvm, self) => kvm.rmap_locked.length === 0 || !rmap_is_locked(kvm, gfn(kvm, self)) }
}

/** Waits while an rmap is walked that has an SPTE of one of the pages. */
export function whileNoneIsWalked(pages: (kvm: Kvm, self: number) => readonly number[]): Waits {
  return {
    when: (kvm, self) =>
      kvm.rmap_locked.length === 0 || !pages(kvm, self).some((page) => is_walked(kvm, page)),
  }
}

function is_walked(kvm: Kvm, page: number): boolean {
  for (let index = 0; index < kvm.page[page].spte.length; index++) {
    const gfn = spte_gfn(kvm, page, index)
    if (gfn !== null && rmap_is_locked(kvm, gfn)) return true
  }
  return false
}
