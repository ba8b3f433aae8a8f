import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { index_at } from '../../model/memory/primitives/guest-memory.ts'
import type { Spte } from '../../model/memory/shadow/fields.ts'
import { all, in_guest } from '../primitives/guest-mode.ts'

/** The leaf that translates an address below a root now, or null. */
export function leaf_below(kvm: Kvm, root: number, gva: number): Spte | null {
  let page = root
  for (let level = kvm.page[root].level; level >= 1; level--) {
    const { spte } = kvm.page[page]
    const entry = spte[index_at(gva, level, spte.length)]
    if (entry.kind === 'leaf') return entry
    if (entry.child === null) return null
    page = entry.child
  }
  return null
}

/** The translations in a vCPU's TLB that it can use now: those found below the root it runs on. */
export function usable_tlb(kvm: Kvm, at: Counters, v: number): { gva: number; pfn: number; w: boolean }[] {
  const { tlb, root } = kvm.vcpu[v]
  if (!in_guest(at, v)) return []
  return all(tlb).flatMap((gva) => {
    const { pfn, w, root: below } = tlb[gva]
    return pfn === null || below !== root ? [] : [{ gva, pfn, w }]
  })
}

/**
 * A vCPU may walk its current root: it does, or nothing tells it to drop that root before it enters again.
 */
export function may_walk_its_root(kvm: Kvm, at: Counters, v: number): boolean {
  if (kvm.vcpu[v].root === null) return false
  if (in_guest(at, v)) return true
  return !kvm.vcpu[v].requests.has('FREE_OBSOLETE_ROOTS') && !at.vcpu[v].startsWith('RUN.1/')
}
