import type { StepView } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/** A leaf SPTE that was written: in which page, for which frame, mapping which host page. */
export interface InstalledLeaf {
  readonly page: number
  readonly gfn: number
  readonly pfn: number
}

/**
 * The leaves that a step of a page fault writes: a vCPU that has a host page and a shadow page in hand is
 * handling one, in whatever order its steps come, and what it writes it writes there.
 */
export function installed_leaves(before: Kvm, { kind, self }: StepView, after: Kvm): InstalledLeaf[] {
  if (kind !== 'vcpu') return []
  const { fault } = before.vcpu[self]
  if (fault.pfn === null || fault.sp === null) return []
  const page = fault.sp
  return all(before.page[page].spte).flatMap((index) => {
    const { kind, gfn, pfn } = after.page[page].spte[index]
    if (kind !== 'leaf' || gfn === null || pfn === null) return []
    const old = before.page[page].spte[index]
    return old.kind === 'leaf' && old.pfn === pfn && old.gfn === gfn ? [] : [{ page, gfn, pfn }]
  })
}
