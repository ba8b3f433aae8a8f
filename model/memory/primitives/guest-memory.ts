import type { Kvm } from '../kvm.ts'
import type { Gpte } from './fields.ts'

/** The index of the entry that translates `gva` in a table at `level`. */
export function index_at(gva: number, level: number, entries: number): number {
  return Math.floor(gva / entries ** (level - 1)) % entries
}

/** The guest entry for `gva` in the table frame `table` at `level`. */
export function gpte_at(kvm: Kvm, table: number, gva: number, level: number): Gpte {
  const entries = kvm.guest_table[table]
  return entries[index_at(gva, level, entries.length)]
}

/** How many levels the guest's tables have. */
export function guest_levels(kvm: Kvm): number {
  return kvm.vcpu[0].fault.gpte.length
}

/** Translates an address by the guest tables that a vCPU runs on; null if an entry is not present. */
export function guest_walk(kvm: Kvm, v: number, gva: number): { gfn: number; w: boolean } | null {
  let table = kvm.vcpu[v].cr3
  let gfn = table
  // CR0.WP: does a PTE forbid the guest's kernel to write?
  const forbids = !kvm.vcpu[v].cr0_wp_clear
  let w = true
  for (let level = guest_levels(kvm); level > 0; level--) {
    const entry = gpte_at(kvm, table, gva, level)
    if (entry.to === null) return null
    gfn = entry.to
    w = w && (entry.w || !forbids)
    if (entry.huge) return { gfn: gfn + index_at(gva, 1, kvm.guest_table[table].length), w }
    table = gfn
  }
  return { gfn, w }
}

/** Whether translating an address reads entry `index` of `table` and finds it present: else no TLB caches it. */
function walk_uses(kvm: Kvm, v: number, gva: number, table: number, index: number): boolean {
  let gfn = kvm.vcpu[v].cr3
  for (let level = guest_levels(kvm); level > 0; level--) {
    const entry = gpte_at(kvm, gfn, gva, level)
    if (entry.to === null) return false
    if (gfn === table && index_at(gva, level, kvm.guest_table[gfn].length) === index) return true
    gfn = entry.to
  }
  return false
}

/** Stores a guest PTE. Records (history) for which addresses a stale translation is allowed until the next flush. */
export function write_gpte(kvm: Kvm, table: number, index: number, to: number | null, w: boolean): void {
  const entry = kvm.guest_table[table][index]
  for (let v = 0; v < kvm.vcpu.length; v++) {
    const { stale_allowed } = kvm.vcpu[v]
    for (let gva = 0; gva < stale_allowed.length; gva++) {
      if (walk_uses(kvm, v, gva, table, index)) stale_allowed[gva] = true
    }
  }
  entry.to = to
  entry.w = w
}

/** Whether two entries have equal contents. */
export function same_gpte(a: Gpte, b: Gpte): boolean {
  return a.to === b.to && a.w === b.w && a.huge === b.huge && a.dirty === b.dirty
}

/** Copies an entry's contents. */
export function copy_gpte(from: Gpte, to: Gpte): void {
  to.to = from.to
  to.w = from.w
  to.huge = from.huge
  to.dirty = from.dirty
}
