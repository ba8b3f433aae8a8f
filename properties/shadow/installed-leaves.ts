import { isChanged } from '../../model/language/changes.ts'
import type { StepView } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/** A leaf SPTE that a step wrote: its shadow page, and the gfn and host page that it maps. */
export interface InstalledLeaf {
  readonly page: number
  readonly gfn: number
  readonly pfn: number
}

/**
 * The leaf SPTEs that a step of a page fault writes. A vCPU with a host page and a shadow page in its fault
 * locals is handling a fault, whatever order a design gives its steps, and writes to that shadow page.
 */
export function installed_leaves(before: Kvm, { kind, self }: StepView, after: Kvm): InstalledLeaf[] {
  if (kind !== 'vcpu' || !isChanged(before.page, after.page)) return []
  const { fault } = before.vcpu[self]
  if (fault.pfn === null || fault.sp === null) return []
  const page = fault.sp
  return all(before.page[page].spte).flatMap((index) => {
    const old = before.page[page].spte[index]
    if (!isChanged(old, after.page[page].spte[index])) return []
    const { kind, gfn, pfn } = after.page[page].spte[index]
    if (kind !== 'leaf' || gfn === null || pfn === null) return []
    return old.kind === 'leaf' && old.pfn === pfn && old.gfn === gfn ? [] : [{ page, gfn, pfn }]
  })
}
