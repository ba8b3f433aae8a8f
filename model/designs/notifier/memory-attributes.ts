import { insert } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { FAULT_ATTRIBUTES } from '../../scenarios/notifier/memory-attributes.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/** Page faults against changes of memory attributes. */

const SCENARIO = FAULT_ATTRIBUTES.id

/** PF.7 once more. */
const sampleAgain = step<Kvm>(
  'PF.7 again',
  {
    fn: 'kvm_mmu_faultin_pfn',
    since: 'v6.8',
    shows: (kvm) => `mmu_seq = mmu_invalidate_seq = ${kvm.mmu_invalidate.seq}`,
  },
  {
    does: (kvm, v) => {
      kvm.vcpu[v].fault.mmu_seq = kvm.mmu_invalidate.seq
    },
  },
)

export const memoryAttributesDesigns: readonly Design<Kvm>[] = [
  {
    id: 'count-sampled-again-after-the-attribute',
    aliases: ['db574f2f96d0'],
    title: 'sample mmu_invalidate_seq again after private or shared was decided',
    status: 'bug',
    kernel: { commit: 'db574f2f96d0', version: 'before this commit', function: 'kvm_faultin_pfn' },
    about:
      'A change of the attribute that begins and ends between the comparison and the second sample is lost: the page is looked up for the old attribute, and the retry test sees the new count.',
    scenarios: [SCENARIO],
    patches: [insert({ after: 'PF.7 private' }, sampleAgain)],
    expect: violated(SCENARIO, 'frame-is-mapped-by-its-attribute'),
  },
]
