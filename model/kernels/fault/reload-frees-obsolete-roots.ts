import { drop, type Patch } from '../../language/patch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Difference } from '../difference.ts'

/** kvm_mmu_reload() looks at no requests. */
export const reloadIgnoresRequests: readonly Patch<Kvm>[] = [drop('PREFAULT/PRE.1')]

export const reloadFreesObsoleteRoots: Difference = {
  id: 'reload-frees-obsolete-roots',
  title: 'service the request to drop obsolete roots in kvm_mmu_reload()',
  since: 'v6.15',
  commit: '20a6cff3b283',
  function: 'kvm_mmu_reload',
  about:
    'Up to v6.14 only vcpu_enter_guest() services the request, so that KVM_PRE_FAULT_MEMORY keeps an obsolete root and retries forever (prefault-ignores-requests).',
  before: () => reloadIgnoresRequests,
}
