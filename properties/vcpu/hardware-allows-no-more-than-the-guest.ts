import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { guest_walk } from '../../model/memory/primitives/guest-memory.ts'
import { all } from '../primitives/guest-mode.ts'
import { translation_below, usable_tlb } from '../shadow/mappings.ts'

/** For scenarios whose guest tables do not change: no TLB may cache an older permission. */
export const hardwareAllowsNoMoreThanTheGuest: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'hardware-allows-no-more-than-the-guest',
  aliases: [],
  title:
    'Whenever a root or a TLB lets a vCPU write to an address, the guest page tables permit it and map the same frame.',
  when: 'always, except while KVM handles a change of CR0.WP',
  reference: 'kvm_mmu_page_role.access, kvm_mmu_get_child_sp(), make_spte(); b1bd5cba3306, 5fd5387c89ec',
  consequence: 'A write that should raise a page fault in the guest succeeds.',
  given: (kvm, at) => all(kvm.vcpu).some((v) => writable_frames(kvm, at, v).length > 0),
  holds: (kvm, at) =>
    all(kvm.vcpu).every((v) =>
      writable_frames(kvm, at, v).every(({ gva, pfn }) => {
        const walk = guest_walk(kvm, v, gva)
        return walk?.w === true && kvm.host_pte[walk.gfn] === pfn
      }),
    ),
}

/** The roots of the other mode are dropped before the guest runs again. */
function is_changing_cr0(at: Counters, v: number): boolean {
  return at.vcpu[v].startsWith('exit: CR0/') || at.vcpu[v].startsWith('CR0/')
}

/** The addresses that a vCPU can write to without a fault, and the host pages they map to. */
function writable_frames(kvm: Kvm, at: Counters, v: number): { gva: number; pfn: number | null }[] {
  const { root, tlb } = kvm.vcpu[v]
  if (root === null || is_changing_cr0(at, v)) return []
  const mapped = all(tlb).flatMap((gva) => {
    const found = translation_below(kvm, root, gva)
    return found?.leaf.w === true ? [{ gva, pfn: found.pfn }] : []
  })
  return [...mapped, ...usable_tlb(kvm, at, v).filter(({ w }) => w)]
}
