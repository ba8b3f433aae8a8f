import { type Patch, replace } from '../../language/patch.ts'
import { block, type Entry, outOfOrder, step } from '../../language/program.ts'
import { writes_read_only } from '../../machines/fault/fault-host-page.ts'
import { REENTER } from '../../machines/hand-over.ts'
import { zapPagesOfFrame } from '../../machines/shadow/unprotect.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { forget_fault, target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { sp_has_gptes } from '../../memory/shadow/shadow-page.ts'
import { finish_instruction } from '../../memory/vcpu/instruction.ts'
import type { Difference } from '../difference.ts'

const about = { fn: 'kvm_mmu_page_fault', since: '..v6.11' } as const

/** PFERR_NESTED_GUEST_PAGE on a direct MMU: a write fault, of a page-table walk, on a present SPTE. */
function faults_on_a_table(kvm: Kvm, v: number): boolean {
  const { root, fault } = kvm.vcpu[v]
  return fault.present && root !== null && !sp_has_gptes(kvm, root)
}

/**
 * PF.9 error without RET_PF_WRITE_PROTECTED: whatever the cause of RET_PF_EMULATE, the frame of such a fault is
 * unprotected.
 * @param looksAtResult whether the guest resumes only if a page was zapped (2fb2b7877b3a).
 */
export function unprotectAnyCause(bounds: Bounds, looksAtResult = false): Entry<Kvm>[] {
  const refused = (kvm: Kvm, v: number): boolean => writes_read_only(kvm, v, bounds)
  const emulate = (kvm: Kvm, v: number): void => {
    forget_fault(kvm, v)
    finish_instruction(kvm, v)
  }
  const emulates = (kvm: Kvm, v: number): boolean => looksAtResult && !kvm.vcpu[v].fault.zapped
  return [
    step<Kvm>(
      'PF.9 error',
      {
        ...about,
        c: { fn: 'kvm_handle_bad_page', at: 'pfn == KVM_PFN_ERR_RO_FAULT' },
        shows: (kvm, v) =>
          refused(kvm, v)
            ? `RET_PF_EMULATE, PFERR_NESTED_GUEST_PAGE = ${faults_on_a_table(kvm, v)}`
            : 'the memslot allows the access',
        quiet: (kvm, v) => !refused(kvm, v),
      },
      [
        { when: (kvm, v) => !refused(kvm, v), to: 'PF.9 end' },
        { when: (kvm, v) => !faults_on_a_table(kvm, v), does: emulate, to: REENTER },
        {},
      ],
    ),
    ...outOfOrder(
      'because kvm_mmu_page_fault() unprotects after the page fault has returned',
      ...zapPagesOfFrame(bounds, 'found'),
    ),
    step<Kvm>(
      'PF.9 resume',
      {
        ...about,
        c: 'return 1',
        shows: (kvm, v) =>
          `kvm_mmu_unprotect_page(gfn ${target_gfn(kvm, v)}) = ${Number(kvm.vcpu[v].fault.zapped)}: ${
            emulates(kvm, v) ? 'emulate' : 'resume the guest'
          }`,
      },
      [
        { when: (kvm, v) => !emulates(kvm, v), does: forget_fault, to: REENTER },
        { does: emulate, to: REENTER },
      ],
    ),
    block('PF.9 end', []),
  ]
}

export const unprotectedIfWriteProtected: Difference = {
  id: 'unprotected-if-write-protected',
  title: 'unprotect a frame only if it is write-protected, and resume the guest only if a page was zapped',
  since: 'v6.12',
  commit: '2fb2b7877b3a',
  function: about.fn,
  about:
    'Up to v6.11 a page fault has one result for all that is to be emulated, RET_PF_EMULATE. If the CPU faults while it walks page tables of L1, the frame is unprotected, and the guest resumes whether anything was zapped or not. A table in a read-only memslot is never mapped writable, so the guest takes the same fault again.',
  before: (bounds): readonly Patch<Kvm>[] =>
    bounds.memslots.readOnly.length > 0 ? [replace('PF.9 error', ...unprotectAnyCause(bounds))] : [],
}
