import type { Bounds } from '../bounds.ts'
import type { Kvm } from '../kvm.ts'
import { has_role, type Role } from '../shadow/shadow-page.ts'

/** Points `vcpu->arch.mmu` at the other context. The model swaps the contents of the two. */
export function switch_mmu(kvm: Kvm, v: number): void {
  const mmu = kvm.vcpu[v]
  const other = mmu.other_mmu[0]
  const { root, dummy_root, root_pgd, root_role_pae, cpu_role_pae, walks_pae } = mmu
  mmu.root = other.root
  mmu.dummy_root = other.dummy_root
  mmu.root_pgd = other.root_pgd
  mmu.root_role_pae = other.root_role_pae
  mmu.cpu_role_pae = other.cpu_role_pae
  mmu.walks_pae = other.walks_pae
  Object.assign(other, { root, dummy_root, root_pgd, root_role_pae, cpu_role_pae, walks_pae })
  for (let i = 0; i < mmu.prev_roots.length; i++) {
    const page = mmu.prev_roots[i]
    const pgd = mmu.prev_pgds[i]
    mmu.prev_roots[i] = other.prev_roots[i]
    mmu.prev_pgds[i] = other.prev_pgds[i]
    other.prev_roots[i] = page
    other.prev_pgds[i] = pgd
  }
}

/** Root slot 0 is the current root, slot i + 1 is prev_roots[i]; the slots of the other MMU follow. */
export const CURRENT = 0

/** How many root slots a vCPU has. */
export function root_slots(kvm: Kvm, v: number): number {
  const { prev_roots, other_mmu } = kvm.vcpu[v]
  return (1 + prev_roots.length) * (1 + other_mmu.length)
}

/** The shadow page in a root slot, or null. */
export function root_in_slot(kvm: Kvm, v: number, slot: number): number | null {
  const { root, prev_roots, other_mmu } = kvm.vcpu[v]
  if (slot === CURRENT) return root
  if (slot <= prev_roots.length) return prev_roots[slot - 1]
  const rest = slot - 1 - prev_roots.length
  return rest === 0 ? other_mmu[0].root : other_mmu[0].prev_roots[rest - 1]
}

/** Empties a root slot. */
export function clear_slot(kvm: Kvm, v: number, slot: number): void {
  const vcpu = kvm.vcpu[v]
  const rest = slot - 1 - vcpu.prev_roots.length
  if (slot === CURRENT) {
    vcpu.root = null
    vcpu.dummy_root = false
    vcpu.root_pgd = null
    for (let i = 0; i < vcpu.pae_root.length; i++) vcpu.pae_root[i] = null
  } else if (rest < 0) {
    vcpu.prev_roots[slot - 1] = null
    if (vcpu.prev_pgds.length > 0) vcpu.prev_pgds[slot - 1] = null
  } else if (rest === 0) {
    vcpu.other_mmu[0].root = null
    vcpu.other_mmu[0].dummy_root = false
    vcpu.other_mmu[0].root_pgd = null
  } else {
    vcpu.other_mmu[0].prev_roots[rest - 1] = null
    vcpu.other_mmu[0].prev_pgds[rest - 1] = null
  }
}

/** The name of a root slot, as a diagram shows it. */
export function slot_name(kvm: Kvm, v: number, slot: number): string {
  const { length } = kvm.vcpu[v].prev_roots
  const name = (i: number): string => (i === 0 ? 'root' : `prev_roots[${i - 1}]`)
  return slot <= length ? name(slot) : `other mmu: ${name(slot - 1 - length)}`
}

/** A root page as diagrams show it: `page 0 (pgd 1)`. A bare number would read as an address, and 0 as NULL. */
export function root_name(kvm: Kvm, page: number | null): string {
  if (page === null) return 'INVALID_PAGE'
  const { gfn } = kvm.page[page]
  return gfn === null ? `page ${page}` : `page ${page} (pgd ${gfn})`
}

/** The current root as diagrams show it: `root page 0 (pgd 1)`. */
export function current_root_name(kvm: Kvm, page: number | null): string {
  return page === null ? 'root = INVALID_PAGE' : `root ${root_name(kvm, page)}`
}

/** The current root of a vCPU as diagrams show it, special roots included. */
export function loaded_root_name(kvm: Kvm, v: number): string {
  if (kvm.vcpu[v].dummy_root) return 'root = dummy root'
  if (root_has_no_page(kvm, v)) return 'root = pae_root'
  return current_root_name(kvm, kvm.vcpu[v].root)
}

/** The pages that a root slot holds references to: one, or those that the entries of a PAE root point to. */
export function pages_in_slot(kvm: Kvm, v: number, slot: number): number[] {
  const pages = slot === CURRENT ? [kvm.vcpu[v].root, ...kvm.vcpu[v].pae_root] : [root_in_slot(kvm, v, slot)]
  return pages.filter((page) => page !== null)
}

/** The pages of mmu->root.hpa: one, or those of a PAE root. Empty for INVALID_PAGE. */
export function loaded_roots(kvm: Kvm, v: number): number[] {
  return pages_in_slot(kvm, v, CURRENT)
}

/** `VALID_PAGE(mmu->root.hpa)`. */
export function root_is_valid(kvm: Kvm, v: number): boolean {
  return kvm.vcpu[v].dummy_root || loaded_roots(kvm, v).length > 0
}

/** `VALID_PAGE()` of the root in a slot. */
export function slot_has_root(kvm: Kvm, v: number, slot: number): boolean {
  const { dummy_root, prev_roots, other_mmu } = kvm.vcpu[v]
  if (slot === CURRENT && dummy_root) return true
  if (slot === 1 + prev_roots.length && other_mmu[0].dummy_root) return true
  return pages_in_slot(kvm, v, slot).length > 0
}

/** The pages in all root slots of a vCPU, the current one first, and then those of its PAE root. */
export function roots_of(kvm: Kvm, v: number): (number | null)[] {
  const slots = Array.from({ length: root_slots(kvm, v) }, (_, slot) => root_in_slot(kvm, v, slot))
  return [...slots, ...kvm.vcpu[v].pae_root]
}

/** `root_to_sp(mmu->root.hpa) == NULL`: the root is valid and has no shadow page. */
export function root_has_no_page(kvm: Kvm, v: number): boolean {
  return kvm.vcpu[v].root === null && root_is_valid(kvm, v)
}

/** Which entry of a PAE root translates the address of the instruction in progress; 0 without PAE roots. */
export function pae_index(kvm: Kvm, v: number, bounds: Bounds): number {
  if (bounds.roots.pae === 0) return 0
  return Math.floor(kvm.vcpu[v].gva / bounds.guest.entries ** bounds.shadow.levels) % bounds.roots.pae
}

/** `mmu->root_role`: with two MMUs L1 has direct roots, and L2 runs on shadows of L1's nested tables. */
export function root_role(kvm: Kvm, v: number): Role {
  const { other_mmu, nested, root_role_pae, root_role_wp_clear, fault } = kvm.vcpu[v]
  return {
    // Local variables for it are there if the TDP MMU is on.
    direct: (other_mmu.length > 0 || fault.old_spte.length > 0) && !nested,
    no_write: false,
    guest_mode: nested,
    pae: root_role_pae,
    wp_clear: root_role_wp_clear,
  }
}

/** `mmu->root_role.direct`, or a root that scenarios treat like one: KVM walks no guest tables. */
export function mmu_is_direct(kvm: Kvm, v: number): boolean {
  if (kvm.without_gptes.length > 0 && kvm.without_gptes[kvm.vcpu[v].cr3]) return true
  return root_role(kvm, v).direct
}

/** The page directory that the root in a slot of the current MMU was loaded for. */
function pgd_in_slot(kvm: Kvm, v: number, slot: number): number | null {
  const { root_pgd, prev_pgds, other_mmu } = kvm.vcpu[v]
  const root = root_in_slot(kvm, v, slot)
  if (other_mmu.length === 0) return root === null ? null : kvm.page[root].gfn
  return slot === CURRENT ? root_pgd : prev_pgds[slot - 1]
}

/**
 * `is_root_usable()`: the page directory and the role word are the wanted ones. Direct roots do not depend on
 * the page directory; the role word contains `invalid`; the generation is not compared.
 */
export function is_root_usable(kvm: Kvm, v: number, slot: number): boolean {
  const root = root_in_slot(kvm, v, slot)
  if (root === null || kvm.page[root].role_invalid) return false
  const role = root_role(kvm, v)
  if (!role.direct && pgd_in_slot(kvm, v, slot) !== kvm.vcpu[v].cr3) return false
  return has_role(kvm, root, role)
}

/** The page where a walk for the address of the instruction in progress begins; not for a dummy root. */
export function root_page(kvm: Kvm, v: number, bounds: Bounds): number {
  const { root, pae_root } = kvm.vcpu[v]
  return (bounds.roots.pae > 0 ? pae_root[pae_index(kvm, v, bounds)] : root) as number
}

/** The level of the current root. */
export function root_level(kvm: Kvm, v: number, bounds: Bounds): number {
  return bounds.shadow.rootLevels[kvm.vcpu[v].cr3] ?? bounds.shadow.levels
}

/** The page at which the hardware begins a walk; null if no root was ever loaded into it, or it is no shadow page. */
export function hardware_root(kvm: Kvm, v: number, bounds: Bounds): number | null {
  return bounds.requests.hardwareRoot ? kvm.vcpu[v].hw_root[0] : root_page(kvm, v, bounds)
}

/** The level of the page at which the hardware begins a walk. */
export function hardware_root_level(kvm: Kvm, v: number, bounds: Bounds): number {
  const root = bounds.requests.hardwareRoot ? kvm.vcpu[v].hw_root[0] : null
  return root === null ? root_level(kvm, v, bounds) : kvm.page[root].level
}
