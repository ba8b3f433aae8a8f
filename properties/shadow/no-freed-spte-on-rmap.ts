import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { slot_found } from '../../model/memory/memslots/memslot.ts'
import { all } from '../primitives/guest-mode.ts'

/** An INVALID slot counts: notifiers find it until the memslots without it are installed. */
export const noFreedSpteOnRmap: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-freed-spte-on-rmap',
  aliases: ['I-1'],
  title: 'No rmap of a memslot that can still be found points into a freed shadow page.',
  when: 'always',
  reference: 'rmap_remove(), kvm_mmu_free_shadow_page(); question seed-001 (v3 12/15, April 2013)',
  consequence: 'The next notifier, dirty-log pass or zap reads and writes memory that has been reused.',
  given: (kvm) => all(kvm.rmap).some((gfn) => has_entries(kvm, gfn)),
  holds: (kvm) =>
    all(kvm.rmap).every(
      (gfn) =>
        slot_found(kvm, gfn) === 'none' ||
        all(kvm.page).every((p) => kvm.page[p].list !== 'free' || kvm.rmap[gfn][p].isEmpty()),
    ),
}

function has_entries(kvm: Kvm, gfn: number): boolean {
  return slot_found(kvm, gfn) !== 'none' && all(kvm.page).some((p) => !kvm.rmap[gfn][p].isEmpty())
}
