import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { slot_found } from '../../model/memory/memslots/memslot.ts'
import { parents_of } from '../../model/memory/shadow/rmap.ts'
import { all } from '../primitives/guest-mode.ts'

/** An INVALID slot counts: notifiers find it until the memslots without it are installed. */
export const noFreedSpteOnRmap: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-freed-spte-on-rmap',
  aliases: ['I-1'],
  title:
    'Neither an rmap of a memslot that can still be found nor parent_ptes of a live shadow page points into a freed shadow page.',
  when: 'always',
  reference:
    'rmap_remove(), drop_parent_pte(), kvm_mmu_free_shadow_page(); question seed-001 (v3 12/15, April 2013)',
  consequence: 'The next notifier, dirty-log pass or zap reads and writes memory that has been reused.',
  judgedWhere: ({ guest }: Bounds) => guest.gvas > 0,
  given: (kvm) =>
    all(kvm.rmap).some((gfn) => has_entries(kvm, gfn)) || all(kvm.page).some((p) => is_child(kvm, p)),
  holds: (kvm) =>
    all(kvm.page).every(
      (child) =>
        !is_child(kvm, child) || parents_of(kvm, child).every(({ page }) => kvm.page[page].list !== 'free'),
    ) &&
    all(kvm.rmap).every(
      (gfn) =>
        slot_found(kvm, gfn) === 'none' ||
        all(kvm.page).every((p) => kvm.page[p].list !== 'free' || kvm.rmap[gfn][p].isEmpty()),
    ),
}

/** A live page with entries on parent_ptes. */
function is_child(kvm: Kvm, page: number): boolean {
  return kvm.page[page].list !== 'free' && parents_of(kvm, page).length > 0
}

function has_entries(kvm: Kvm, gfn: number): boolean {
  return slot_found(kvm, gfn) !== 'none' && all(kvm.page).some((p) => !kvm.rmap[gfn][p].isEmpty())
}
