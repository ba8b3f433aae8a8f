import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { root_role } from '../../model/memory/roots/mmu.ts'
import { all, in_guest } from '../primitives/guest-mode.ts'

/**
 * A direct root maps guest-physical memory one to one: its gfn is 0 for every page directory. The entries of a PAE root
 * point to the pages of the gfns from CR3 on.
 */
export const rootFitsTheContext: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'root-fits-the-context',
  aliases: ['I-25'],
  title:
    'The root that a vCPU runs on matches its page directory and the role bits direct, guest_mode and cr0_wp of its context.',
  when: 'while the vCPU runs guest code',
  reference: 'is_root_usable(); ad7dc69aeb23 "fix switch between root and guest MMUs", v5.0',
  consequence: 'The guest runs in the address space of another process, or L2 in the memory of L1.',
  given: (kvm, at) => all(kvm.vcpu).some((v) => in_guest(at, v) && has_root(kvm, v)),
  holds: (kvm, at) =>
    all(kvm.vcpu).every((v) => {
      const { root, pae_root, cr3, cr0_wp_clear } = kvm.vcpu[v]
      if (!in_guest(at, v)) return true
      if (root === null) return all(pae_root).every((i) => fits(kvm, pae_root[i], cr3 + i))
      const { direct, guest_mode } = root_role(kvm, v)
      const { gfn, role_direct, role_guest_mode, role_wp_clear } = kvm.page[root]
      if (role_wp_clear !== cr0_wp_clear) return false
      return gfn === (direct ? 0 : cr3) && role_direct === direct && role_guest_mode === guest_mode
    }),
}

const has_root = (kvm: Kvm, v: number): boolean => {
  const { root, pae_root } = kvm.vcpu[v]
  return root !== null || all(pae_root).some((i) => pae_root[i] !== null)
}

/** Whether an entry of a PAE root points to the page of a gfn, if to any. */
const fits = (kvm: Kvm, page: number | null, gfn: number): boolean =>
  page === null || kvm.page[page].gfn === gfn
