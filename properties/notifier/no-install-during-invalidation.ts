import type { ActionProperty } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { gfn_to_hva } from '../../model/memory/memslots/memslot.ts'
import { all } from '../primitives/guest-mode.ts'
import { installed_leaves } from '../shadow/installed-leaves.ts'

export const noInstallDuringInvalidation: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'no-install-during-invalidation',
  aliases: ['I-12', 'I15'],
  title:
    'A page fault maps only the host page that currently backs the gfn, and not while the gfn is being invalidated.',
  when: 'whenever a page fault writes a leaf SPTE',
  reference: 'mmu_invalidate_retry_gfn() in is_page_fault_stale()',
  consequence: 'The guest gets a page that the host is about to take or has already taken.',
  judgedWhere: ({ notifier }: Bounds) => notifier.threads > 0,
  given: (before, step, after) => installed_leaves(before, step, after).length > 0,
  holds: (before, step, after) =>
    installed_leaves(before, step, after).every(
      ({ gfn, pfn }) => before.host_pte[gfn_to_hva(before, gfn)] === pfn && !being_invalidated(before, gfn),
    ),
}

/** A notifier has zapped the SPTEs of the page that backs the gfn and has not ended. */
function being_invalidated(kvm: Kvm, gfn: number): boolean {
  return all(kvm.notifier).some((n) => {
    const { unmapped, zapped, gfn: invalidated } = kvm.notifier[n]
    if (!zapped.isEmpty() && zapped.has(gfn)) return true
    return unmapped && invalidated !== null && gfn_to_hva(kvm, invalidated) === gfn_to_hva(kvm, gfn)
  })
}
