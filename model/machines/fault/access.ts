import { type Step, step } from '../../language/program.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { current_level, huge } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { mmu_is_direct, root_level } from '../../memory/roots/mmu.ts'

/** `walker->pt_access[]`: whether the guest PTEs above `level`, as the walk read them, allow writing. */
export function pt_access_write(kvm: Kvm, v: number, level: number, bounds: Bounds): boolean {
  const { gpte } = kvm.vcpu[v].fault
  for (let above = root_level(kvm, v, bounds); above > level; above--) if (!gpte[above - 1].w) return false
  return true
}

/**
 * `walker->pte_access`: whether the leaf may be writable. All guest PTEs must allow it. A read maps a clean PTE
 * read-only, so that the first write faults and sets D (protect_clean_gpte()). A direct MMU has no PTEs: the leaf is
 * writable whenever the host page is (fault->map_writable), for reads as well.
 */
export function pte_access_write(kvm: Kvm, v: number, bounds: Bounds): boolean {
  const { guest, fault, cr0_wp_clear } = kvm.vcpu[v]
  // A write by the guest's kernel that CR0.WP does not forbid (7.2.13 paging_tmpl.h 843-864).
  if (guest === 'write' && cr0_wp_clear) return true
  if (guest !== 'write' && !pte_is_dirty(kvm, v, bounds)) return false
  for (const entry of fault.gpte) if (!entry.w) return false
  return true
}

/** Whether the walk of a read ends without a clean PTE, which would have to stay read-only. */
function pte_is_dirty(kvm: Kvm, v: number, bounds: Bounds): boolean {
  return bounds.guest.dirtyPtes || kvm.vcpu[v].fault.gpte[0].dirty || mmu_is_direct(kvm, v)
}

/** Whether a child's role.access contains ACC_WRITE_MASK. `level` is the child's. */
export type AccessRule = (kvm: Kvm, v: number, level: number, direct: boolean, bounds: Bounds) => boolean

/** For a guest table, what the PTEs above it allow; for a direct page, what the whole walk allows. */
const accumulated: AccessRule = (kvm, v, level, direct, bounds) =>
  direct ? pte_access_write(kvm, v, bounds) : pt_access_write(kvm, v, level, bounds)

/**
 * FETCH.3: the access in the role of the wanted child. Non-leaf SPTEs grant all permissions, so parents may share
 * a child only if the PTEs above allow the same.
 */
export function childAccess(bounds: Bounds, rule: AccessRule = accumulated): Step<Kvm> {
  const allowed = (kvm: Kvm, v: number): boolean =>
    rule(kvm, v, current_level(kvm, v, bounds) - 1, huge(kvm, v, bounds), bounds)
  return step(
    'FETCH.3',
    {
      fn: 'paging64_fetch',
      since: 'v5.13..v7.2',
      c: 'access = gw->pt_access',
      shows: (kvm, v) => {
        const name = huge(kvm, v, bounds)
          ? 'direct_access'
          : `pt_access[${current_level(kvm, v, bounds) - 2}]`
        return `${name} = ${allowed(kvm, v) ? 'ACC_ALL' : 'ACC_ALL & ~ACC_WRITE_MASK'}`
      },
    },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].fault.child_no_write = !allowed(kvm, v)
      },
    },
  )
}
