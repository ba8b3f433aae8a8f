import type { ActionProperty, StepView } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { root_role } from '../../model/memory/roots/mmu.ts'
import { is_obsolete_sp } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'

/** Compares only what the contents of a root depend on: the gPTE size matters for indirect pages only. */
export const cachedRootIsFound: ActionProperty<Kvm> = {
  kind: 'action',
  class: 'precision',
  id: 'cached-root-is-found',
  aliases: ['P-2'],
  title: 'kvm_mmu_new_pgd() misses only if no usable root is cached.',
  when: 'whenever kvm_mmu_new_pgd() misses',
  reference: 'cached_root_find_and_keep_current(); question seed-004 (March 2019)',
  consequence: 'Needless work: every switch frees a usable root and looks it up again under mmu_lock.',
  given: (_before, step) => misses(step),
  holds: (before, step) => !misses(step) || !usable_root_is_cached(before, step.self),
}

const misses = ({ kind, path }: StepView): boolean => kind === 'vcpu' && path === 'NP/NP.4'

function usable_root_is_cached(kvm: Kvm, v: number): boolean {
  const { root, prev_roots, cr3 } = kvm.vcpu[v]
  const { direct, guest_mode, pae } = root_role(kvm, v)
  return [root, ...all(prev_roots).map((i) => prev_roots[i])].some((page) => {
    if (page === null || is_obsolete_sp(kvm, page)) return false
    const sp = kvm.page[page]
    if (sp.role_direct !== direct || sp.role_guest_mode !== guest_mode) return false
    return direct || (sp.gfn === cr3 && sp.role_pae === pae)
  })
}
