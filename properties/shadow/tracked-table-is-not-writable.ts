import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { is_obsolete_sp, sp_has_gptes } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'
import { is_half_zapped } from '../zap/being-zapped.ts'
import { is_being_built, some_leaf, usable_writable_translation } from './writable.ts'

export const trackedTableIsNotWritable: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'tracked-table-is-not-writable',
  aliases: ['I-15'],
  title:
    'No MMU-writable SPTE and no usable writable TLB entry maps a shadowed guest table of level 2 or higher.',
  when: 'always, except while the shadow page is being built (GET.6 to the end of the flush of GET.12) or zapped (ZAP.4 to ZAP.6)',
  reference: 'account_shadowed(): write tracking, kvm_mmu_slot_gfn_write_protect(), then a remote flush',
  consequence: 'The guest changes a table without KVM noticing, and its shadow page stays wrong.',
  given: (kvm, at) => all(kvm.page).some((p) => is_tracked(kvm, at, p)),
  holds: (kvm, at) =>
    all(kvm.page).every((p) => {
      if (!is_tracked(kvm, at, p)) return true
      const gfn = kvm.page[p].gfn as number
      const writable = some_leaf(kvm, gfn, ({ mmuw }) => mmuw)
      return !writable && !usable_writable_translation(kvm, at, kvm.host_pte[gfn] as number)
    }),
}

function is_tracked(kvm: Kvm, at: Counters, p: number): boolean {
  const { list, level } = kvm.page[p]
  if (list !== 'active' || level === 1 || is_obsolete_sp(kvm, p) || !sp_has_gptes(kvm, p)) return false
  return !is_being_built(kvm, at, p) && !is_half_zapped(kvm, at, p)
}
