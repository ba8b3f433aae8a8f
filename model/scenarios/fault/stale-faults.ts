import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { FAULTS, LISTS, RMAPS, ROOTS, TREES, ZAPPED_ROOTS } from '../shadow/page-properties.ts'

/** KVM_PRE_FAULT_MEMORY takes its own section of kvm->srcu, for which the deletion waits. */
export const PREFAULT_OF_A_SLOT: Plan = {
  id: 'prefault-slot-delete',
  title: 'KVM_PRE_FAULT_MEMORY while the memslot is deleted, gfn by gfn',
  about:
    'The ioctl finds the slot INVALID and ends with an error. If it tried again it would wait for the deletion, which waits for its section of kvm->srcu.',
  bounds: {
    shadow: { pages: 2 },
    memslots: { slots: 1, of: [null, 0], deletes: 1, preciseZap: true },
    fault: { prefaults: 1 },
  },
  start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
  properties: [
    ...LISTS,
    'no-use-after-free',
    ...RMAPS,
    'nothing-added-to-an-invalid-slot',
    'no-spte-of-a-freed-slot',
    'no-deadlock',
    'every-access-can-finish',
    'zap-all-can-finish',
    'no-fault-retried-for-ever',
    'fault-finds-an-invalid-slot',
  ],
}

/** Faults below roots that are zapped or obsolete, and pages of several levels. */
export const staleFaultScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'recursive-table',
    title: 'a guest page table that points to itself',
    about:
      'Page directories that map themselves are common: one gfn is a table at both levels, and has a shadow page for each.',
    bounds: {
      shadow: { pages: 3, levels: 2 },
      guest: { gfns: 2, gvas: 2 },
      host: { pfns: 2 },
      zap: { threads: 1, pages: 1 },
    },
    start: { tables: [[0, 1]] },
    properties: [...ROOTS, ...ZAPPED_ROOTS, ...FAULTS, ...TREES, ...RMAPS, 'one-page-per-key'],
  }),
  scenario({
    id: 'root-zapped-under-fault',
    title: 'the root is zapped between the exit for a page fault and mmu_lock',
    about: 'Two levels: what would a fault below a zapped root build, and with which role?',
    bounds: {
      shadow: { pages: 4, levels: 2 },
      guest: { gfns: 3 },
      host: { pfns: 3 },
      zap: { threads: 1, pages: 1 },
    },
    start: { tables: [[1], [2]] },
    properties: [
      ...ROOTS,
      ...ZAPPED_ROOTS,
      ...FAULTS,
      ...TREES,
      ...RMAPS,
      'stale-fault-is-retried',
      'kvm-mmu-child-role-has-a-valid-parent',
    ],
  }),
  scenario({
    id: 'prefault-loop',
    aliases: ['13.8'],
    title: 'KVM_PRE_FAULT_MEMORY while a memslot delete zaps all pages',
    about:
      'The ioctl calls the fault path in its own loop, outside the run loop that services requests. (The kernel supports it with TDP only; roots and requests are the same.)',
    bounds: {
      shadow: { pages: 3 },
      guest: { gfns: 2 },
      host: { pfns: 2 },
      zap: { all: 1 },
      fault: { prefaults: 1 },
    },
    start: { tables: [[1]] },
    properties: [...ROOTS, ...ZAPPED_ROOTS, ...FAULTS, 'only-obsolete-roots-freed', 'prefault-is-stale'],
  }),
  scenario(PREFAULT_OF_A_SLOT),
  scenario({
    id: 'two-zap-alls',
    title: 'two memslot deletes in a row',
    about:
      'The generation has one bit, so the second delete returns to the first generation: a root that the first one zapped, and that root_count keeps, looks current again unless role.invalid is checked.',
    bounds: {
      shadow: { pages: 4 },
      guest: { gfns: 2 },
      host: { pfns: 2 },
      roots: { prev: 1 },
      zap: { all: 2 },
    },
    start: { tables: [[1]] },
    properties: [...ROOTS, ...ZAPPED_ROOTS, ...FAULTS, 'only-obsolete-roots-freed', 'zap-all-can-finish'],
  }),
]
