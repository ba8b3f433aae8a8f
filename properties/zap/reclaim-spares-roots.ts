import { isChanged } from '../../model/language/changes.ts'
import type { ActionProperty, StepView } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const reclaimSparesRoots: ActionProperty<Kvm> = {
  kind: 'action',
  class: 'precision',
  id: 'reclaim-spares-roots',
  aliases: ['P-1-reclaim'],
  title: 'Reclaim for new shadow pages zaps no page that a vCPU holds as a root.',
  when: 'whenever make_mmu_pages_available() zaps a page',
  reference:
    'kvm_mmu_zap_oldest_mmu_pages() skips roots; 7a2c70e777a0 "Preserve nested TDP shadow page tables if they are used as roots"',
  consequence: 'Needless work: a vCPU loses its root, and all vCPUs are interrupted.',
  given: (before, step, after) => zapped(before, step, after).length > 0,
  holds: (before, step, after) => zapped(before, step, after).every((p) => before.page[p].root_count === 0),
}

/** The pages that a step of reclaim makes invalid. */
function zapped(before: Kvm, { path }: StepView, after: Kvm): number[] {
  if (!path.startsWith('PF/PF.13/') && !path.includes('LOAD.2 quota/')) return []
  return all(before.page).filter((p) => {
    if (!isChanged(before.page[p], after.page[p])) return false
    return !before.page[p].role_invalid && after.page[p].role_invalid
  })
}
