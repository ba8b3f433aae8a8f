import { isAt, places } from '../../model/language/places.ts'
import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

const LAST_PUT = places((path) => path.endsWith('PUT.2'))

export const tdpRootWithoutReferencesIsFreed: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'tdp-root-without-references-is-freed',
  aliases: [],
  title: 'The thread that puts the last reference to a root of the TDP MMU takes the root off the list.',
  when: 'always',
  reference: 'kvm_tdp_mmu_put_root(); a889ea54b3da, v5.12',
  consequence: 'The root and all tables below it are never freed.',
  given: (kvm) => all(kvm.page).some((p) => kvm.page[p].list === 'tdp_mmu_roots'),
  holds: (kvm, at) =>
    all(kvm.page).every((p) => kvm.page[p].list !== 'tdp_mmu_roots' || kvm.page[p].root_count > 0) ||
    all(kvm.vcpu).some((v) => isAt(at.vcpu, v, LAST_PUT)) ||
    all(kvm.memslot).some((m) => isAt(at.memslot, m, LAST_PUT)) ||
    all(kvm.notifier).some((n) => isAt(at.notifier, n, LAST_PUT)),
}
