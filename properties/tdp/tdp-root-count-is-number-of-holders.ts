import { isAt, places } from '../../model/language/places.ts'
import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { roots_of } from '../../model/memory/roots/mmu.ts'
import { all } from '../primitives/guest-mode.ts'

export const tdpRootCountIsNumberOfHolders: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'tdp-root-count-is-number-of-holders',
  aliases: ['I7'],
  title:
    'tdp_mmu_root_count of a root on tdp_mmu_roots is the number of vCPUs and walks that hold it, and one for the TDP MMU until its zap is over.',
  when: 'always',
  reference: 'kvm_tdp_mmu_alloc_root(), kvm_tdp_mmu_put_root(); edbdb43fc96b (v6.4)',
  consequence: 'A root is freed while a vCPU or a walk uses it, or is never freed.',
  judgedWhere: ({ tdp }: Bounds) => tdp.on,
  given: (kvm) => all(kvm.page).some((p) => kvm.page[p].list === 'tdp_mmu_roots'),
  holds: (kvm, at) =>
    all(kvm.page).every((p) => {
      const { list, root_count } = kvm.page[p]
      if (list !== 'tdp_mmu_roots') return true
      return root_count === vcpu_holders(kvm, at, p) + walks(kvm, at, p) + own(kvm, at, p)
    }),
}

/** The last reference was put; the pointer is forgotten when the root is off the list. */
const IS_PUT = places((path) => path.endsWith('PUT.2') || path.endsWith('PUT.3'))

function vcpu_holders(kvm: Kvm, at: Counters, p: number): number {
  return all(kvm.vcpu).reduce((held, v) => {
    if (isAt(at.vcpu, v, IS_PUT)) return held
    const stored = roots_of(kvm, v).filter((root) => root === p).length
    return held + stored + (kvm.vcpu[v].fault.child === p ? 1 : 0)
  }, 0)
}

function walks(kvm: Kvm, at: Counters, p: number): number {
  const own_walks = all(kvm.memslot).reduce((held, m) => {
    const [{ root, prev_root }] = kvm.memslot[m].tdp
    const prev = prev_root === p && !isAt(at.memslot, m, IS_PUT) ? 1 : 0
    return held + prev + (root === p ? 1 : 0)
  }, 0)
  const notifiers = all(kvm.notifier).reduce((held, n) => {
    const [walk] = kvm.notifier[n].tdp
    if (walk === undefined) return held
    const prev = walk.prev_root === p && !isAt(at.notifier, n, IS_PUT) ? 1 : 0
    return held + prev + (walk.root === p ? 1 : 0)
  }, 0)
  return own_walks + notifiers
}

/** The memslot thread is zapping a root, or about to put the reference of the TDP MMU to it. */
const ZAPS = places((path) => /ZI\.4\//.test(path) || path.endsWith('ZI.5/PUT.1'))

/** The reference of the TDP MMU. */
function own(kvm: Kvm, at: Counters, p: number): number {
  const { role_invalid, tdp_mmu_scheduled_root_to_zap } = kvm.page[p]
  if (!role_invalid || tdp_mmu_scheduled_root_to_zap) return 1
  return all(kvm.memslot).some((m) => kvm.memslot[m].tdp[0].root === p && isAt(at.memslot, m, ZAPS)) ? 1 : 0
}
