import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { rmap_entries } from '../../model/memory/shadow/rmap.ts'
import { all } from '../primitives/guest-mode.ts'

/**
 * Whether an SPTE is on its rmap twice cannot be asked: in the model an rmap is a set, and SET.6 adds the SPTE of a
 * spurious fault again, where mmu_set_spte() tests `was_rmapped`.
 */
export const rmapHoldsPresentSptes: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'rmap-holds-present-sptes',
  aliases: ['I-3'],
  title: 'Every SPTE on an rmap is a present leaf.',
  when: 'while mmu_lock is free',
  reference: 'mmu_set_spte(), drop_spte(); aad885e77496 "Drop/zap existing present SPTE", v7.0',
  consequence:
    'The rmap lists an SPTE that maps nothing; the entry outlives its shadow page, or trips a BUG_ON().',
  judgedWhere: ({ guest }: Bounds) => guest.gvas > 0,
  given: (kvm) => kvm.mmu_lock === 'free' && all(kvm.rmap).some((gfn) => rmap_entries(kvm, gfn).length > 0),
  holds: (kvm) =>
    kvm.mmu_lock !== 'free' ||
    all(kvm.rmap).every((gfn) =>
      rmap_entries(kvm, gfn).every(({ page, index }) => kvm.page[page].spte[index].kind === 'leaf'),
    ),
}
