import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/** What counts is what the vCPU could know: a page that is zapped after the hint was read is no excuse needed. */
export const noNeedlessLock: ActionProperty<Kvm> = {
  kind: 'action',
  class: 'precision',
  id: 'no-needless-lock',
  aliases: ['P-3'],
  title: 'Unprotecting a frame takes no mmu_lock when no guest table is shadowed at all.',
  when: 'whenever a vCPU that unprotects a frame takes mmu_lock without having seen indirect_shadow_pages > 0',
  reference: '474b99ed703b, 515c18a64e70 (v6.9); __kvm_mmu_unprotect_gfn_and_retry()',
  consequence: 'Needless work: every fault of every other vCPU waits for a lock that protects nothing here.',
  given: (_before, step) => takes_lock(step.path),
  holds: (before, step) => before.vcpu[step.self].fault.hint || before.indirect_shadow_pages > 0,
}

const takes_lock = (path: string): boolean => /^WP\/(RT\/)?UP\/UP\.\d lock$/.test(path)
