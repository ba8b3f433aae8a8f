import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'
import { usable_tlb } from '../shadow/mappings.ts'

export const cleanPageIsNotWritable: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'clean-page-is-not-writable',
  aliases: [],
  title:
    'A page whose bit in the dirty log is clear is mapped writable by no SPTE of the TDP MMU and no TLB entry, unless a fault handler is about to set the bit.',
  when: 'between passes: after userspace has copied the pages of one, before it starts the next',
  reference:
    'kvm_tdp_mmu_clear_dirty_pt_masked(), kvm_tdp_mmu_wrprot_slot(); the flush before the ioctl returns',
  consequence: 'The guest writes to the page without a fault, and the next pass does not report it.',
  // A property does not know which frames are logged: here all are.
  judgedWhere: ({ tdp, dirtyLog, guest }: Bounds) =>
    tdp.on && dirtyLog.passes > 0 && dirtyLog.of.length === guest.gfns,
  given: (kvm, at) => is_idle(at) && clean(kvm, at).length > 0,
  holds: (kvm, at) => {
    if (!is_idle(at)) return true
    const pages = clean(kvm, at)
    return pages.every((gfn) => !spte_maps(kvm, gfn) && !tlb_maps(kvm, at, gfn))
  },
}

const is_idle = (at: Counters): boolean => at.dirtylog[0] === 'idle'

/** The frames without a bit, and without a handler that is at FPF.5. */
function clean(kvm: Kvm, at: Counters): number[] {
  const marked = all(kvm.vcpu).flatMap((v) =>
    at.vcpu[v].endsWith('/FPF.5') ? [kvm.vcpu[v].fault.gpte[0].to] : [],
  )
  return all(kvm.host_pte).filter((gfn) => !kvm.dirty_bitmap.has(gfn) && !marked.includes(gfn))
}

function spte_maps(kvm: Kvm, gfn: number): boolean {
  return all(kvm.page).some((p) =>
    all(kvm.page[p].spte).some((i) => {
      const { kind, w, gfn: first } = kvm.page[p].spte[i]
      return kind === 'leaf' && w && first === gfn
    }),
  )
}

function tlb_maps(kvm: Kvm, at: Counters, gfn: number): boolean {
  return all(kvm.vcpu).some((v) =>
    usable_tlb(kvm, at, v).some(({ w, pfn }) => w && pfn === kvm.host_pte[gfn]),
  )
}
