import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { kvm_mem_is_private } from '../../model/memory/notifier/attributes.ts'
import { all } from '../primitives/guest-mode.ts'
import { root_for, usable_tlb } from '../shadow/mappings.ts'

export const frameIsMappedByItsAttribute: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'frame-is-mapped-by-its-attribute',
  aliases: [],
  title:
    'No SPTE and no TLB entry that a vCPU can use maps the shared page of a private frame, or the private page of a shared one.',
  when: 'always: nothing maps the frame while its attribute is stored',
  reference: 'kvm_vm_set_mem_attributes(): zap and flush before xa_store(), and the retry test after it',
  consequence: 'The guest shares with the host what must be private, or loses what it has written.',
  judgedWhere: ({ attributes }: Bounds) => attributes.changes > 0,
  given: (kvm, at) =>
    all(kvm.page).some((page) => [...kvm.page[page].spte].some(({ kind }) => kind === 'leaf')) ||
    all(kvm.vcpu).some((v) => usable_tlb(kvm, at, v).length > 0),
  holds: (kvm, at) => sptes_fit(kvm) && all(kvm.vcpu).every((v) => tlb_fits(kvm, at, v)),
}

/** Without notifiers, user memory stays where it is: any other page of a frame is that of guest_memfd. */
function fits(kvm: Kvm, gfn: number, pfn: number | null): boolean {
  return (kvm.host_pte[gfn] !== pfn) === kvm_mem_is_private(kvm, gfn)
}

function sptes_fit(kvm: Kvm): boolean {
  for (const page of kvm.page) {
    for (const { kind, gfn, pfn } of page.spte) {
      if (kind === 'leaf' && gfn !== null && !fits(kvm, gfn, pfn)) return false
    }
  }
  return true
}

function tlb_fits(kvm: Kvm, at: Counters, v: number): boolean {
  for (const { gva, pfn } of usable_tlb(kvm, at, v)) {
    const root = root_for(kvm, v, gva)
    const gfn = root === null ? null : kvm.guest_table[kvm.page[root].gfn as number][gva].to
    if (gfn !== null && !fits(kvm, gfn, pfn)) return false
  }
  return true
}
