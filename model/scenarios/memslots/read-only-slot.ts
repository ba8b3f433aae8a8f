import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'

export const READ_ONLY_SLOT: Plan = {
  id: 'read-only-slot',
  title: 'two vCPUs on a direct MMU access a frame in a read-only memslot, and one that is not',
  about:
    'Gfn 1 is in a read-only memslot and has page tables of L1. The CPU walks them with write accesses, because it may have to set A or D: that is the write here (PFERR_GUEST_PAGE_MASK). No mapping of gfn 1 allows it, and there is no shadow page to zap instead; KVM has to emulate.',
  bounds: {
    vcpus: 2,
    shadow: { pages: 1, withoutGptes: [0] },
    guest: { gfns: 3, dataWrites: true },
    host: { pfns: 3 },
    memslots: { readOnly: [1] },
    unprotect: { stores: [{ gva: 0, by: 0 }] },
  },
  start: { tables: [[1, 2]], pages: [{ gfn: 0, level: 1 }] },
  properties: [
    'every-access-can-finish',
    'no-fault-retried-for-ever',
    'no-flush-debt-at-unlock',
    'no-deadlock',
    'read-only-slot-is-mapped',
    'write-to-a-read-only-slot-is-emulated',
  ],
}

/** Memslots with KVM_MEM_READONLY. */
export const readOnlySlotScenarios: readonly Scenario<Kvm>[] = [scenario(READ_ONLY_SLOT)]
