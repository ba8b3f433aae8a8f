import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { each, one } from '../language/system.ts'
import { hotplug, svmRun } from '../machines/vcpu/asids.ts'
import type { Feature } from './feature.ts'

/** Tags of TLB entries on SVM, which KVM hands out for each CPU. */
export const asids: Feature = {
  id: 'asids',
  title: 'ASIDs of a CPU on which two VMs run, and which goes offline',
  parts: ({ asids: { runs, hotplugs } }, sorts) => ({
    threads: [
      placed(170, ...when(runs > 0, each(sorts.guest_of_cpu, svmRun()))),
      placed(175, ...when(hotplugs > 0, one(hotplug()))),
    ],
  }),
  setUp: (kvm, { asids: { runs, hotplugs } }) => {
    if (runs === 0) return
    kvm.svm_cpu[0].asid_generation = 1
    kvm.svm_cpu[0].exhausted = true
    kvm.svm_cpu[0].online = true
    kvm.svm_cpu[0].hotplugs_left = hotplugs
    for (const vcpu of kvm.svm) vcpu.left = runs
  },
  refuses: ({ asids: { runs, hotplugs } }) =>
    runs === 0 && hotplugs > 0 ? 'asids.hotplugs needs asids.runs: nothing runs on the CPU' : null,
}
