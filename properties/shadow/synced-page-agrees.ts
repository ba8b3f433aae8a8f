import { isAt, places } from '../../model/language/places.ts'
import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { is_obsolete_sp, sp_has_gptes } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'

/** The store is made, and its SPTE may not be zapped yet. */
const IS_TRACKING = places((path) => /^TRACK\/TR\.(1 mark$|[2346])/.test(path))

export const syncedPageAgrees: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'synced-page-agrees',
  aliases: ['I-18'],
  title:
    'Every present SPTE of a shadow page that is not unsync agrees with its guest entry: same frame, no more access.',
  when: 'while mmu_lock is free, except for a table whose emulated store a vCPU is still handling (TR.1 to TR.6)',
  reference: 'gpte_changed() under mmu_lock, kvm_sync_page(), kvm_mmu_track_write()',
  consequence:
    'KVM does not read the guest entry again, and the guest keeps reaching a frame that it has unmapped.',
  given: (kvm) => kvm.mmu_lock === 'free' && !is_written_unseen(kvm),
  holds: (kvm, at) =>
    is_written_unseen(kvm) ||
    all(kvm.page).every((p) => {
      const { list, unsync, gfn, spte } = kvm.page[p]
      if (list !== 'active' || unsync || gfn === null) return true
      if (is_obsolete_sp(kvm, p) || !sp_has_gptes(kvm, p)) return true
      if (is_being_emulated(kvm, at, gfn)) return true
      return all(spte).every((i) => {
        const gpte = kvm.guest_table[gfn][i]
        const { kind, child, gfn: mapped, w } = spte[i]
        if (kind === 'none') return true
        const target = kind === 'non-leaf' ? kvm.page[child as number].gfn : mapped
        return target === gpte.to && (gpte.w || !w)
      })
    }),
}

/** Userspace or a device writes to guest tables, which no write protection stops. */
function is_written_unseen(kvm: Kvm): boolean {
  return kvm.external.length > 0
}

/** A store to the table was emulated, and the SPTE of the entry may not be zapped yet. */
function is_being_emulated(kvm: Kvm, at: Counters, gfn: number): boolean {
  return all(kvm.vcpu).some((v) => isAt(at.vcpu, v, IS_TRACKING) && kvm.vcpu[v].fault.gpte[0].to === gfn)
}
