import { drop, type Patch, replace } from '../../language/patch.ts'
import { inFunction, step } from '../../language/program.ts'
import { writeLock, writeUnlock } from '../../machines/primitives/lock.ts'
import { type Bounds, has_only_tdp } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { kvm_tdp_mmu_get_root, tdp_mmu_alloc_sp, valid_root } from '../../memory/tdp/roots.ts'
import type { Difference } from '../difference.ts'

/** Roots are found, added and stored in one section of mmu_lock held for write, and put in another. */
function underTheWriteLock(bounds: Bounds): readonly Patch<Kvm>[] {
  if (!bounds.tdp.on) return []
  const { shadow } = bounds
  const alloc = { fn: 'mmu_alloc_direct_roots', since: '..v6.1' } as const
  const levelOf = (kvm: Kvm, v: number): number => shadow.rootLevels[kvm.vcpu[v].cr3] ?? shadow.levels
  const get = step<Kvm>(
    'AR.1 get',
    {
      fn: 'kvm_tdp_mmu_get_vcpu_root_hpa',
      since: '..v6.1',
      c: 'for_each_tdp_mmu_root(',
      shows: (kvm) =>
        valid_root(kvm) === null
          ? 'list_add_rcu(new root), tdp_mmu_root_count = 2'
          : `valid root: ${valid_root(kvm)}`,
      fused: 'mmu_lock is held for write.',
    },
    {
      does: (kvm, v) => {
        const found = valid_root(kvm)
        if (found !== null) kvm_tdp_mmu_get_root(kvm, found)
        const root = found ?? tdp_mmu_alloc_sp(kvm, 0, levelOf(kvm, v), 'tdp_mmu_roots')
        if (found === null) kvm.page[root].root_count = 2
        kvm.vcpu[v].fault.child = root
      },
    },
  )
  const store = step<Kvm>(
    'AR.1 store',
    {
      ...alloc,
      c: 'mmu->root.hpa = root',
      shows: (kvm, v) => `root.hpa = page ${kvm.vcpu[v].fault.child}`,
    },
    {
      does: (kvm, v) => {
        const vcpu = kvm.vcpu[v]
        vcpu.root = vcpu.fault.child
        vcpu.fault.child = null
        if (vcpu.other_mmu.length > 0) vcpu.root_pgd = vcpu.cr3
      },
    },
  )
  const free = { fn: 'kvm_mmu_free_roots', since: '..v6.1' } as const
  return [
    replace(
      'AR.1',
      writeLock('AR.1', 'vcpu', alloc),
      ...inFunction(alloc.fn, get),
      store,
      writeUnlock('AR.1 unlock', alloc),
    ),
    drop('AR.2'),
    drop('AR.3'),
    drop('AR.4'),
    drop('AR.5'),
    ...(has_only_tdp(bounds)
      ? [replace('FR.2', writeLock('FR.2', 'vcpu', free)), replace('FR.5', writeUnlock('FR.5', free))]
      : []),
  ]
}

export const tdpRootsUnderTheReadLock: Difference = {
  id: 'tdp-roots-under-the-read-lock',
  title: 'allocate and free roots of the TDP MMU with mmu_lock held for read',
  since: 'v6.9',
  commit: '576a15de8d29',
  function: 'kvm_tdp_mmu_alloc_root',
  about:
    'Up to v6.8 a vCPU holds mmu_lock for write while it finds or adds a root, and stores it before the lock is dropped.',
  before: underTheWriteLock,
}
