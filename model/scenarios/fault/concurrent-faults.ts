import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'

export const READ_AND_WRITE_FAULT: Plan = {
  id: 'read-and-write-fault',
  title: 'one vCPU reads and another writes the same page, which neither has used',
  about:
    'Both fault and find the SPTE not present. The one that gets mmu_lock second meets the SPTE of the other: a read must not take W away from it without a flush.',
  bounds: { vcpus: 2, shadow: { pages: 1 }, guest: { dataWrites: true, reads: [0] } },
  start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
  properties: ['no-flush-debt-at-unlock', 'every-access-can-finish', 'no-deadlock'],
}

/** Page faults of two vCPUs on one SPTE. */
export const concurrentFaultScenarios: readonly Scenario<Kvm>[] = [scenario(READ_AND_WRITE_FAULT)]
