import type { Kvm } from '../kvm.ts'
import { accounted_pages } from './write-tracking.ts'

// History: what a wrong reading of `indirect_shadow_pages` costs the store that KVM could not emulate. A vCPU that reads
// 0 although a table is shadowed leaves the gfn write-protected, and owes a repair until it has unprotected the gfn or
// the store is over. Counted is how often the store is refused meanwhile.

/** UP.1: the vCPU leaves the gfn as it is. Recorded if the scenario has `writeTracking.hintHistory`. */
export function note_missed_page(kvm: Kvm, v: number): void {
  if (kvm.wrong_hint.length === 0) return
  const vcpu = kvm.vcpu[v]
  if (accounted_pages(kvm).length > 0 && vcpu.hint_debt === 'none') vcpu.hint_debt = 'open'
}

/** The store was refused because its gfn is write-protected. */
export function note_refused_again(kvm: Kvm, v: number): void {
  const vcpu = kvm.vcpu[v]
  if (vcpu.hint_debt === 'none') return
  vcpu.hint_debt = vcpu.hint_debt === 'open' ? 'refused once' : 'refused again'
}

/** Another page was built for the gfn that stopped a store: that is another race, and counted anew. */
export function note_new_race(kvm: Kvm, v: number): void {
  const vcpu = kvm.vcpu[v]
  if (vcpu.hint_debt !== 'none') vcpu.hint_debt = 'open'
}

/** The gfn is unprotected, or the store is over. */
export function note_repaired(kvm: Kvm, v: number): void {
  kvm.vcpu[v].hint_debt = 'none'
}
