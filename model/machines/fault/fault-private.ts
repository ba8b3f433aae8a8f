import { type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { forget_fault, target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { kvm_mem_is_private } from '../../memory/notifier/attributes.ts'
import { REENTER } from '../hand-over.ts'

const since: ReadIn = 'v6.8..v7.2'

const word = (is_private: boolean): string => (is_private ? 'private' : 'shared')

/**
 * PF.2 private: a software-protected VM has no hardware that says whether an access is to private memory, so that the
 * attribute decides. In the kernel this comes first; the walk before it (PF.2) is none where the MMU is direct.
 */
export function readPrivate(): Step<Kvm> {
  return step(
    'PF.2 private',
    {
      fn: 'kvm_mmu_page_fault',
      since,
      c: 'kvm_mem_is_private(',
      shows: (kvm, v) => `gfn ${target_gfn(kvm, v)} is ${word(kvm_mem_is_private(kvm, target_gfn(kvm, v)))}`,
    },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].fault.is_private = kvm_mem_is_private(kvm, target_gfn(kvm, v))
      },
    },
  )
}

/**
 * PF.7 private: the attribute once more, after the snapshot (PF.7): a later change makes the fault be retried. If it has
 * changed, the vCPU exits to userspace (KVM_EXIT_MEMORY_FAULT), which runs it again.
 */
export function comparePrivate(): Step<Kvm> {
  const mismatch = (kvm: Kvm, v: number): boolean =>
    kvm.vcpu[v].fault.is_private !== kvm_mem_is_private(kvm, target_gfn(kvm, v))
  return step(
    'PF.7 private',
    {
      fn: 'kvm_mmu_faultin_pfn',
      since,
      c: {
        'v6.8': { fn: 'kvm_faultin_pfn', at: 'fault->is_private != kvm_mem_is_private(' },
        'v7.2': 'fault->is_private != kvm_mem_is_private(',
      },
      shows: (kvm, v) => `the fault is ${word(kvm.vcpu[v].fault.is_private)}: mismatch = ${mismatch(kvm, v)}`,
    },
    [{ when: mismatch, does: forget_fault, to: REENTER }, {}],
  )
}
