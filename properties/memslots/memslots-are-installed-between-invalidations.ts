import type { ActionProperty } from '../../model/language/property.ts'
import { type Bounds, slots_change } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

const INSTALLS = ['SL.2', 'SL.6', 'SC.2', 'DE.2']

export const memslotsAreInstalledBetweenInvalidations: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'memslots-are-installed-between-invalidations',
  aliases: [],
  title: 'Memslots are installed only while no notifier is between its start and its end.',
  when: 'whenever memslots are installed (SL.2, SL.6, SC.2, DE.2)',
  reference: 'mn_active_invalidate_count in kvm_swap_active_memslots(), 52ac8b358b0c (v5.15)',
  consequence:
    'The end of an invalidation finds other slots than its start, and the counters go out of balance.',
  judgedWhere: (bounds: Bounds) => bounds.notifier.threads > 0 && slots_change(bounds),
  given: (_before, { path }) => INSTALLS.includes(path),
  holds: (before, { path }) => !INSTALLS.includes(path) || before.mn_active_invalidate_count === 0,
}
