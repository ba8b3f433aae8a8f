import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { roots_of } from '../../model/memory/roots/mmu.ts'
import { is_obsolete_sp } from '../../model/memory/shadow/shadow-page.ts'
import { SERVICES_REQUEST } from '../primitives/guest-mode.ts'

/** Counts only what servicing the request frees: evicting a root from a full cache (NP.4) is not needless. */
export const onlyObsoleteRootsFreed: ActionProperty<Kvm> = {
  kind: 'action',
  class: 'precision',
  id: 'only-obsolete-roots-freed',
  aliases: ['P-1'],
  title: 'Servicing KVM_REQ_MMU_FREE_OBSOLETE_ROOTS drops only obsolete roots.',
  when: 'whenever servicing the request empties a root slot (RUN.1, PRE.1)',
  reference: '527d5cd7eece "KVM: x86/mmu: Zap only obsolete roots if a root shadow page is zapped", v5.18',
  consequence: 'Needless work: a root that is still valid is rebuilt and refilled by page faults.',
  given: (before, step, after) => frees(before, step, after).length > 0,
  holds: (before, step, after) => frees(before, step, after).every((root) => is_obsolete_sp(before, root)),
}

/** The roots whose slots a step empties while it services the request. */
function frees(before: Kvm, step: { kind: string; self: number; path: string }, after: Kvm): number[] {
  if (step.kind !== 'vcpu' || !SERVICES_REQUEST(step.path)) return []
  const kept = roots_of(after, step.self)
  return roots_of(before, step.self).filter(
    (root, slot): root is number => root !== null && kept[slot] === null,
  )
}
