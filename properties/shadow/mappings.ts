import { isAt, places } from '../../model/language/places.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { index_at } from '../../model/memory/primitives/guest-memory.ts'
import { root_is_valid } from '../../model/memory/roots/mmu.ts'
import type { Spte } from '../../model/memory/shadow/fields.ts'
import { all, in_guest } from '../primitives/guest-mode.ts'

/**
 * The leaf SPTE that currently translates an address below a root, and the host page it gives for the address: a
 * large SPTE records the first of its pages. Null without one.
 */
export function translation_below(
  kvm: Kvm,
  root: number,
  gva: number,
): { readonly leaf: Spte; readonly pfn: number } | null {
  let page = root
  for (let level = kvm.page[root].level; level >= 1; level--) {
    const { spte } = kvm.page[page]
    const leaf = spte[index_at(gva, level, spte.length)]
    if (leaf.kind === 'leaf') return { leaf, pfn: (leaf.pfn as number) + (gva % spte.length ** (level - 1)) }
    if (leaf.child === null) return null
    page = leaf.child
  }
  return null
}

/** The page at which hardware begins to translate an address: the root, or what the entry of a PAE root points to. */
export function root_for(kvm: Kvm, v: number, gva: number): number | null {
  const { root, pae_root } = kvm.vcpu[v]
  const first = pae_root.length > 0 ? pae_root[0] : null
  if (first === null) return root
  const { level, spte } = kvm.page[first]
  return pae_root[Math.floor(gva / spte.length ** level) % pae_root.length]
}

/** The page at which hardware begins to translate an address now: in the guest, below the root that it has. */
export function walked_root(kvm: Kvm, at: Counters, v: number, gva: number): number | null {
  const { hw_root } = kvm.vcpu[v]
  return hw_root.length > 0 && in_guest(at, v) ? hw_root[0] : root_for(kvm, v, gva)
}

/** The TLB entries that a vCPU can use now: it is in the guest, and they were cached below its current root. */
export function usable_tlb(kvm: Kvm, at: Counters, v: number): { gva: number; pfn: number; w: boolean }[] {
  const { tlb } = kvm.vcpu[v]
  if (tlb.length === 0 || !in_guest(at, v)) return []
  return all(tlb).flatMap((gva) => {
    const { pfn, w, root: below } = tlb[gva]
    return pfn === null || below !== walked_root(kvm, at, v, gva) ? [] : [{ gva, pfn, w }]
  })
}

const DROPS_ROOTS = places((path) => path.startsWith('RUN.1/'))

/**
 * Whether a vCPU may walk its current root: it is in the guest, or has no pending request to drop obsolete
 * roots before it enters.
 */
export function may_walk_its_root(kvm: Kvm, at: Counters, v: number): boolean {
  if (!root_is_valid(kvm, v)) return false
  if (in_guest(at, v)) return true
  return !kvm.vcpu[v].requests.has('FREE_OBSOLETE_ROOTS') && !isAt(at.vcpu, v, DROPS_ROOTS)
}
