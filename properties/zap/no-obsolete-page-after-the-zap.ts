import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { is_obsolete_sp } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'

export const noObsoletePageAfterTheZap: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-obsolete-page-after-the-zap',
  aliases: ['I30'],
  title: 'No obsolete page is active after kvm_mmu_zap_all_fast() has returned.',
  when: 'while the memslot thread is idle',
  reference: 'kvm_zap_obsolete_pages(): complete before the memslot is freed',
  consequence: 'The page still maps gfns of a memslot that is about to be freed, and is accounted in it.',
  given: (kvm, at) => at.memslot[0] === 'idle' && kvm.memslot[0].left === 0,
  holds: (kvm, at) =>
    at.memslot[0] !== 'idle' ||
    all(kvm.page).every((p) => kvm.page[p].list !== 'active' || !is_obsolete_sp(kvm, p)),
}
