import type { BoundsInput } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import type { Start } from '../start.ts'

const VCPU: BoundsInput = { shadow: { pages: 1 }, guest: { reads: [] } }
const START: Start = { tables: [[1]], pages: [{ gfn: 0, level: 1 }] }

/** What KVM does for a vCPU besides its page faults: tags of TLB entries, interrupts, the paravirtual flush. */
export const apartFromFaultsScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'asid-hotplug',
    title: 'two VMs run on a CPU that goes offline and comes back, with one ASID',
    about:
      'SVM: a vCPU keeps its ASID as long as the generation of the CPU is that in which it got it. When the CPU comes back all ASIDs are free again.',
    bounds: { ...VCPU, asids: { runs: 2, hotplugs: 1 } },
    start: START,
    properties: ['asid-is-not-shared', 'no-deadlock'],
  }),
  scenario({
    id: 'posted-interrupt-sync',
    title: 'two interrupts are posted while the vCPU looks for them',
    about:
      'VMX: PIR has the vectors, ON says that there are some; both are set by the sender, in two steps. What was found once is in the IRR.',
    bounds: { ...VCPU, postedInterrupts: { sends: 2, syncs: 2 } },
    start: START,
    properties: ['pending-vector-is-reported', 'no-deadlock'],
  }),
  scenario({
    id: 'paravirtual-flush',
    title: 'a guest flushes another vCPU, for which KVM emulates an access and whose thread is preempted',
    about:
      'If KVM has reported the vCPU as preempted, the guest asks KVM to flush before the vCPU runs again, instead of an IPI. KVM may be in the middle of an instruction then, with a translation from the PTE.',
    bounds: { ...VCPU, paravirtualFlush: { accesses: 2, preemptions: 2, flushes: 2 } },
    start: START,
    properties: ['emulated-access-is-not-from-before-a-flush', 'no-deadlock'],
  }),
]
