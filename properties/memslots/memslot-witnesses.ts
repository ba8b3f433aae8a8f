import type { Witness } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/** One flush for all shadow pages that were zapped since mmu_lock was taken. */
export const slotZapFreesPagesOfTwoGfnsAtOnce: Witness<Kvm> = {
  kind: 'witness',
  id: 'slot-zap-frees-pages-of-two-gfns-at-once',
  aliases: [],
  title: 'The zap of a memslot has flushed, and is about to free the shadow pages of two of its gfns.',
  reference: 'kvm_mmu_zap_memslot_pages_and_flush(), kvm_mmu_remote_flush_or_zap()',
  seen: (kvm, at) =>
    all(kvm.memslot).some((m) => at.memslot[m].endsWith('/CM.3')) &&
    all(kvm.page).filter((page) => kvm.page[page].list === 'invalid_list of memslot').length > 1,
}
