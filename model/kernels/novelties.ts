import type { Novelty } from './difference.ts'

/** What scenarios contain and older kernels do not have. */
export const novelties: readonly Novelty[] = [
  { what: 'KVM_SET_MEMORY_ATTRIBUTES', since: 'v6.8', isIn: ({ attributes }) => attributes.changes > 0 },
  { what: 'guest_memfd', since: 'v6.8', isIn: ({ guestMemfd }) => guestMemfd.on },
  { what: 'KVM_PRE_FAULT_MEMORY', since: 'v6.11', isIn: ({ fault }) => fault.prefaults > 0 },
  {
    what: 'the recovery of NX huge pages with mmu_lock held for read',
    since: 'v6.17',
    isIn: ({ tdp }) => tdp.recoveries > 0,
  },
  { what: 'the zap of one memslot', since: 'v6.12', isIn: ({ memslots }) => memslots.preciseZap },
]
