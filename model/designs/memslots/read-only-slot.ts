import { unprotectAnyCause } from '../../kernels/shadow/unprotected-if-write-protected.ts'
import { replace } from '../../language/patch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { READ_ONLY_SLOT } from '../../scenarios/memslots/read-only-slot.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/**
 * Before v6.12 a page fault had one result for all instructions to be emulated, RET_PF_EMULATE. If the CPU had faulted
 * walking page tables of L1, `kvm_mmu_page_fault()` took the frame for one that is write-protected because L1 and L2
 * share the table, and unprotected it.
 */

const SLOT = READ_ONLY_SLOT.id
const fn = 'kvm_mmu_page_fault'
const bounds = boundsOf(READ_ONLY_SLOT)

export const readOnlySlotDesigns: readonly Design<Kvm>[] = [
  {
    id: 'unprotected-whatever-the-cause',
    aliases: ['2fb2b7877b3a', '989a84c93f59'],
    title:
      '..v6.11: unprotect a frame that a page-table walk cannot write to, and resume the guest in any case',
    status: 'bug',
    kernel: { commit: '2fb2b7877b3a', version: '..v6.11', function: fn },
    about:
      'The frame is in a read-only memslot. No shadow page has write-protected it, so that nothing is zapped, but the result of kvm_mmu_unprotect_page() is not looked at: the guest resumes, and takes the same fault again. Fixed twice: 2fb2b7877b3a looks at the result, 989a84c93f59 unprotects only what is write-protected.',
    scenarios: [SLOT],
    kernels: ['6.12', '7.2'],
    patches: [replace('PF.9 error', ...unprotectAnyCause(bounds))],
    expect: violated(SLOT, 'every-access-can-finish', 'no-fault-retried-for-ever'),
  },
  {
    id: 'resumed-only-if-unprotected',
    aliases: [],
    title: 'unprotect whatever the cause, and resume the guest only if a shadow page was zapped',
    status: 'control',
    kernel: { commit: '2fb2b7877b3a', version: 'between the two commits', function: fn },
    about: '2fb2b7877b3a without 989a84c93f59. Takes mmu_lock for nothing, then emulates.',
    scenarios: [SLOT],
    kernels: ['6.12', '7.2'],
    patches: [replace('PF.9 error', ...unprotectAnyCause(bounds, true))],
    expect: [],
  },
]
