import { isChanged } from '../../model/language/changes.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import type { Spte } from '../../model/memory/shadow/fields.ts'
import { all } from '../primitives/guest-mode.ts'

/** An SPTE that a step has changed. */
export interface SpteChange {
  readonly page: number
  readonly index: number
  readonly old: Spte
  readonly now: Spte
}

/** The SPTEs that a step has changed, except those of pages that it freed: their memory is given back as it is. */
export function spte_changes(before: Kvm, after: Kvm): SpteChange[] {
  if (!isChanged(before.page, after.page)) return []
  return all(before.page).flatMap((page) => {
    if (!isChanged(before.page[page], after.page[page])) return []
    if (before.page[page].list === 'free' || after.page[page].list === 'free') return []
    return all(before.page[page].spte).flatMap((index) => {
      const old = before.page[page].spte[index]
      const now = after.page[page].spte[index]
      if (!isChanged(old, now)) return []
      const same =
        old.kind === now.kind && old.child === now.child && old.pfn === now.pfn && old.gfn === now.gfn
      return same ? [] : [{ page, index, old, now }]
    })
  })
}

/** Whether a step may change SPTEs: not if it sends a request, or enters or leaves the guest. */
export function changes_sptes(path: string): boolean {
  return !/REQ\.|^RUN\.|^exit/.test(path)
}

/** A leaf or non-leaf SPTE: `is_shadow_present_pte()`. */
export function is_present({ kind }: Spte): boolean {
  return kind === 'leaf' || kind === 'non-leaf'
}
