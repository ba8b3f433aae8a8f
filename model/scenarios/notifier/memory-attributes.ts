import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'

export const FAULT_ATTRIBUTES: Plan = {
  id: 'fault-attributes',
  title: 'one vCPU faults a frame in while userspace makes it private, shared and private again',
  about:
    'A fault maps the page of user memory or that of guest_memfd, as the attribute said when it began. The attribute may change at any time: the snapshot of mmu_invalidate_seq comes before the attribute is compared, so that the retry test notices later changes. Without it the guest would share what must be private.',
  bounds: {
    shadow: { pages: 1, withoutGptes: [0] },
    host: { pfns: 3 },
    attributes: { changes: 3, of: [1] },
  },
  start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
  properties: [
    'frame-is-mapped-by-its-attribute',
    'every-access-can-finish',
    'no-flush-debt-at-unlock',
    'no-deadlock',
    'mmu-lock-is-released-only-while-held',
    'invalidation-ends-only-after-it-began',
    'mmu-spte-update-keeps-the-pfn',
    'no-request-unnoticed-in-guest-mode',
    'private-page-is-mapped',
    'fault-finds-another-attribute',
    'fault-is-retried-for-an-attribute',
  ],
}

/** Page faults while memory attributes change. */
export const memoryAttributesScenarios: readonly Scenario<Kvm>[] = [scenario(FAULT_ATTRIBUTES)]
