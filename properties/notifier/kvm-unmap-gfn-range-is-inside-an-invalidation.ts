import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

export const kvmUnmapGfnRangeIsInsideAnInvalidation: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'kvm-unmap-gfn-range-is-inside-an-invalidation',
  aliases: [],
  title: 'A notifier zaps SPTEs only while an invalidation is in progress.',
  when: 'whenever a notifier zaps (NS.5)',
  reference:
    'lockdep_assert_once(kvm->mmu_invalidate_in_progress || lockdep_is_held(&kvm->slots_lock)) in kvm_unmap_gfn_range()',
  consequence: 'A fault installs the page again before the host has taken it away.',
  given: (_before, { path }) => zaps(path),
  holds: (before, { path }) => !zaps(path) || before.mmu_invalidate.in_progress > 0,
}

const zaps = (path: string): boolean => path === 'NS.5' || path === 'NS.5 tdp'
