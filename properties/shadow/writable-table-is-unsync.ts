import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { is_obsolete_sp, sp_has_gptes } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'
import { is_half_zapped } from '../zap/being-zapped.ts'
import { is_being_built, some_leaf } from './writable.ts'

export const writableTableIsUnsync: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'writable-table-is-unsync',
  aliases: ['I-16'],
  title: 'A level-1 shadow page is unsync if any SPTE maps its guest table writable.',
  when: 'always, except while the shadow page is being built (GET.6 to the end of the flush of GET.12) or zapped (ZAP.4 to ZAP.6)',
  reference: 'mmu_try_to_unsync_pages(): sp->unsync, smp_wmb(), then the writable SPTE',
  consequence: 'The guest changes the table and flushes its TLB, but the flush finds nothing to sync.',
  given: (kvm, at) =>
    all(kvm.page).some((p) => is_leaf_page(kvm, at, p) && is_writable(kvm, kvm.page[p].gfn as number)),
  holds: (kvm, at) =>
    all(kvm.page).every((p) => {
      if (!is_leaf_page(kvm, at, p)) return true
      return kvm.page[p].unsync || !is_writable(kvm, kvm.page[p].gfn as number)
    }),
}

function is_leaf_page(kvm: Kvm, at: Counters, p: number): boolean {
  const { list, level } = kvm.page[p]
  if (list !== 'active' || level !== 1 || is_obsolete_sp(kvm, p) || !sp_has_gptes(kvm, p)) return false
  return !is_being_built(kvm, at, p) && !is_half_zapped(kvm, at, p)
}

const is_writable = (kvm: Kvm, gfn: number): boolean => some_leaf(kvm, gfn, ({ w }) => w)
