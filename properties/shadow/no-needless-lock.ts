import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/** Judged by what the vCPU could know: a page zapped after the hint was read does not make the lock needless. */
export const noNeedlessLock: ActionProperty<Kvm> = {
  kind: 'action',
  class: 'precision',
  id: 'no-needless-lock',
  aliases: ['P-3'],
  title:
    'Unprotecting a gfn takes mmu_lock only if a guest table is shadowed, or was when the vCPU read indirect_shadow_pages.',
  when: 'whenever a vCPU takes mmu_lock to unprotect a gfn',
  reference: '474b99ed703b, 515c18a64e70 (v6.9); __kvm_mmu_unprotect_gfn_and_retry()',
  consequence: 'Needless work: page faults of all other vCPUs wait for a lock that protects nothing here.',
  given: (_before, step) => takes_lock(step.path),
  holds: (before, step) => before.vcpu[step.self].fault.hint || before.indirect_shadow_pages > 0,
}

const takes_lock = (path: string): boolean => /^WP\/(RT\/)?UP\/UP\.\d lock$/.test(path)
