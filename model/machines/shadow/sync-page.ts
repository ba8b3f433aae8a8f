import type { Kvm } from '../../memory/kvm.ts'
import { drop_spte, set_flush_pending } from '../../memory/shadow/rmap.ts'

/**
 * `kvm_sync_page()`: compares every leaf SPTE of a level-1 page with the guest PTE. If that maps another frame or
 * none, the SPTE is dropped; if it lacks a permission, the SPTE loses it. Permissions are never added. With 'look'
 * nothing is changed. Returns whether an SPTE was (or would be) dropped or reduced, so that a flush is needed.
 */
export function sync_page(kvm: Kvm, page: number, mode: 'look' | 'do'): boolean {
  const sp = kvm.page[page]
  let changed = false
  for (let index = 0; index < sp.spte.length; index++) if (sync_spte(kvm, page, index, mode)) changed = true
  return changed
}

/** `kvm_sync_spte()`: the same for one SPTE. */
export function sync_spte(kvm: Kvm, page: number, index: number, mode: 'look' | 'do'): boolean {
  const sp = kvm.page[page]
  const entry = sp.spte[index]
  if (entry.kind !== 'leaf') return false
  const gpte = kvm.guest_table[sp.gfn as number][index]
  if (gpte.to !== entry.gfn) {
    if (mode === 'do') drop_spte(kvm, { page, index })
    return true
  }
  if (gpte.w || !entry.w) return false
  if (mode === 'do') {
    entry.w = false
    entry.mmuw = false
    set_flush_pending(kvm)
  }
  return true
}
