import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'

const PROPERTIES = [
  'hardware-walks-the-current-root',
  'no-tlb-entry-of-a-freed-root',
  'no-request-unnoticed-in-guest-mode',
  'vcpu-mode-changes-as-agreed',
  'request-is-serviced',
  'root-count-is-number-of-holders',
  'no-use-after-free',
  'every-access-can-finish',
  'no-deadlock',
  'hardware-has-another-root',
]

/** The root in the VMCS or VMCB, which is loaded with mmu->root before the guest is entered. */
export const hardwareRootScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'hardware-root',
    title: 'one vCPU switches between two cached roots while one of them is zapped',
    about:
      'A hit in the cache changes mmu->root and leaves loading it to KVM_REQ_LOAD_MMU_PGD; in between, requests are serviced that may free the root. A root that is built anew is loaded at once.',
    bounds: {
      shadow: { pages: 3 },
      guest: { gfns: 3, pgds: 2, cr3Loads: 2 },
      host: { pfns: 3 },
      roots: { prev: 1 },
      zap: { threads: 1, pages: 1 },
      requests: { hardwareRoot: true },
    },
    start: {
      tables: [[2], [2]],
      pages: [
        { gfn: 0, level: 1 },
        { gfn: 1, level: 1 },
      ],
      oldestFirst: [1, 0],
      previous: 1,
    },
    properties: [
      ...PROPERTIES,
      'no-stale-root-used',
      'no-freed-root-in-use',
      'no-guest-on-a-root-after-its-request',
    ],
  }),
  scenario({
    id: 'flush-on-reuse',
    title: 'one vCPU switches between two cached roots whose contexts are flushed on reuse',
    about:
      'KVM_REQ_TLB_FLUSH_CURRENT flushes the context of the root that is loaded, so it must be serviced after KVM_REQ_LOAD_MMU_PGD and after roots were dropped. A notifier flushes everything meanwhile.',
    bounds: {
      shadow: { pages: 2 },
      guest: { gfns: 3, gvas: 1, pgds: 2, cr3Loads: 2 },
      host: { pfns: 4 },
      roots: { prev: 1 },
      notifier: { threads: 1, invalidations: 1, of: [2] },
      requests: { hardwareRoot: true, flushOnReuse: true, flushHistory: true },
    },
    start: {
      tables: [[2], [2]],
      pages: [
        { gfn: 0, level: 1 },
        { gfn: 1, level: 1 },
      ],
      filled: true,
      previous: 1,
    },
    properties: [
      'no-translation-from-before-a-flush',
      'no-mapping-of-a-lost-page',
      'no-flush-debt-at-unlock',
      ...PROPERTIES,
    ],
  }),
]
