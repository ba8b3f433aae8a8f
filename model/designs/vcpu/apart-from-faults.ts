import { drop, only, replace } from '../../language/patch.ts'
import { cpuOnline } from '../../machines/vcpu/asids.ts'
import { schedOut } from '../../machines/vcpu/paravirtual-flush.ts'
import { harvest } from '../../machines/vcpu/posted-interrupts.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

const ASIDS = 'asid-hotplug'
const INTERRUPTS = 'posted-interrupt-sync'
const FLUSH = 'paravirtual-flush'

/** Tags of TLB entries, posted interrupts and the paravirtual flush. */
export const apartFromFaultsDesigns: readonly Design<Kvm>[] = [
  {
    id: 'asid-generation-begins-anew',
    aliases: ['E9', 'CVE-2026-68093'],
    title: '..v7.1: set the generation of ASIDs to 1 when a CPU comes online',
    status: 'bug',
    kernel: { commit: '25f744ffa0c8', version: '..v7.1', function: 'svm_enable_virtualization_cpu' },
    about:
      'CVE-2026-68093, fixed by 25f744ffa0c8 ("KVM: SVM: Bump asid_generation on CPU online to avoid ASID collision after hotplug", v7.2). Another vCPU begins generation 2 once more, and gets the ASID that a vCPU still has from the first generation 2: each uses translations of the other VM.',
    scenarios: [ASIDS],
    patches: [
      only(
        'hotplug',
        replace(
          'HP.2',
          cpuOnline(() => 1),
        ),
      ),
    ],
    expect: violated(ASIDS, 'asid-is-not-shared'),
  },
  {
    id: 'asid-generation-kept-when-exhausted',
    aliases: [],
    title: 'hand out ASIDs again in the same generation',
    status: 'control',
    kernel: { version: 'never merged', function: 'new_asid' },
    about: 'Without a new generation the vCPUs that had the ASIDs keep them.',
    scenarios: [ASIDS],
    patches: [only('svmrun', drop('SV.2'))],
    expect: violated(ASIDS, 'asid-is-not-shared'),
  },
  {
    id: 'empty-pir-reported-as-no-interrupt',
    aliases: ['E10', 'CVE-2026-46295'],
    title: '..v7.0: report no interrupt if PIR is empty',
    status: 'bug',
    kernel: { commit: '33fd0ccd2590', version: '..v7.0', function: '__kvm_apic_update_irr' },
    about:
      'CVE-2026-46295, fixed by 33fd0ccd2590 ("KVM: x86: Do IRR scan in __kvm_apic_update_irr even if PIR is empty", v7.1). The vCPU takes the vector of a sender that has not set ON yet; the next time ON is set, PIR is empty, and the vector in the IRR is not reported. Precision: the next look finds it.',
    scenarios: [INTERRUPTS],
    patches: [only('pirsync', replace('PS.3', harvest('there is none')))],
    expect: violated(INTERRUPTS, 'pending-vector-is-reported'),
  },
  {
    id: 'preempted-in-an-instruction',
    aliases: ['E4', 'CVE-2022-39189'],
    title: 'v4.16..v5.18: report a vCPU as preempted in the middle of an instruction',
    status: 'bug',
    kernel: { commit: 'f38a7b75267f', version: 'v4.16..v5.18', function: 'kvm_steal_time_set_preempted' },
    about:
      'CVE-2022-39189, fixed by 6cd88243c7e0 ("KVM: x86: do not report a vCPU as preempted outside instruction boundaries", v5.19). The guest does not interrupt a vCPU that is preempted and reuses the page; KVM has a translation from before, with which it finishes the instruction.',
    scenarios: [FLUSH],
    patches: [only('pvtarget', replace('PT.4 in an instruction', schedOut('PT.4 in an instruction', true)))],
    expect: violated(FLUSH, 'emulated-access-is-not-from-before-a-flush'),
  },
]
