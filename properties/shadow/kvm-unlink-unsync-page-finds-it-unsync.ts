import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const kvmUnlinkUnsyncPageFindsItUnsync: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'kvm-unlink-unsync-page-finds-it-unsync',
  aliases: [],
  title: 'The pages that a vCPU is about to sync are unsync.',
  when: 'before kvm_sync_page() (SY.5)',
  reference: 'WARN_ON_ONCE(!sp->unsync) in kvm_unlink_unsync_page()',
  consequence:
    'Another thread has synced or zapped the page since it was found: the walk was not under mmu_lock.',
  given: (kvm, at) => about_to_sync(kvm, at).length > 0,
  holds: (kvm, at) => about_to_sync(kvm, at).every((page) => kvm.page[page].unsync),
}

function about_to_sync(kvm: Kvm, at: Counters): number[] {
  return all(kvm.vcpu).flatMap((v) =>
    at.vcpu[v].endsWith('/SY.5 sync') ? kvm.vcpu[v].fault.unsync_pages.elements() : [],
  )
}
