import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { is_obsolete_sp } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'

/** Bits of the role that the model does not have (of CR4 and EFER) are part of no key. */
export const onePagePerKey: Invariant<Kvm> = {
  kind: 'invariant',
  class: 'precision',
  id: 'one-page-per-key',
  aliases: ['P-4'],
  title:
    'No two valid shadow pages have the same gfn, level and role, as far as their contents depend on the role.',
  when: 'while mmu_lock is free',
  reference: 'kvm_mmu_find_shadow_page(); 47c42e6b4192 (v5.1) makes the gPTE size of direct pages canonical',
  consequence: 'Needless work and memory: everything is faulted in twice.',
  given: (kvm) => kvm.mmu_lock === 'free' && keys(kvm).length > 1,
  holds: (kvm) => {
    if (kvm.mmu_lock !== 'free') return true
    const found = keys(kvm)
    return new Set(found).size === found.length
  },
}

/** What the contents of each valid page depend on: the gPTE size matters for indirect pages only. */
function keys(kvm: Kvm): string[] {
  return all(kvm.page)
    .filter((p) => kvm.page[p].list !== 'free' && !is_obsolete_sp(kvm, p))
    .map((p) => {
      const { gfn, level, role_direct, role_no_write, role_guest_mode, role_pae, role_wp_clear } = kvm.page[p]
      const pae = !role_direct && role_pae
      return [gfn, level, role_direct, role_no_write, role_guest_mode, pae, role_wp_clear].join(' ')
    })
}
