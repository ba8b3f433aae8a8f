import { type Entry, inFunction, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { kvm_tdp_mmu_get_root, tdp_mmu_alloc_sp, valid_root } from '../../memory/tdp/roots.ts'
import { readLock } from '../primitives/lock.ts'

const since: ReadIn = 'v6.9..v7.2'
const about = { fn: 'kvm_tdp_mmu_alloc_root', since }

/**
 * AR: `kvm_tdp_mmu_alloc_root()`: takes a reference to the valid root, or adds one, and stores it after mmu_lock is
 * dropped. All vCPUs have the same role here, so there is at most one valid root.
 * @param level of the root. @param to where it jumps; default: it falls off the end.
 */
export function allocRoot(level: (kvm: Kvm, v: number) => number, to?: string): Entry<Kvm>[] {
  return inFunction(
    about.fn,
    readLock('AR.1', about),
    step<Kvm>(
      'AR.2',
      {
        ...about,
        c: 'for_each_valid_tdp_mmu_root_yield_safe(',
        shows: (kvm) => `valid root: ${valid_root(kvm) ?? 'none'}`,
        fused:
          'Under mmu_lock no root becomes invalid, and a valid one has the reference of the TDP MMU, so that it can be got. Invalid ones are skipped under RCU.',
      },
      [
        {
          when: (kvm) => valid_root(kvm) !== null,
          does: (kvm, v) => take(kvm, v, valid_root(kvm) as number),
          to: 'AR.4',
        },
        {},
      ],
    ),
    addRoot(level),
    step<Kvm>(
      'AR.4',
      { ...about, c: 'read_unlock(', shows: 'read_unlock(&kvm->mmu_lock)' },
      { does: (kvm, v) => kvm.mmu_lock_readers.delete(v) },
    ),
    step<Kvm>(
      'AR.5',
      {
        ...about,
        c: { 'v6.9': 'mmu->root.hpa = __pa(root->spt)' },
        shows: (kvm, v) => `root.hpa = page ${kvm.vcpu[v].fault.child}`,
      },
      {
        does: (kvm, v) => {
          const vcpu = kvm.vcpu[v]
          vcpu.root = vcpu.fault.child
          vcpu.fault.child = null
          if (vcpu.other_mmu.length > 0) vcpu.root_pgd = vcpu.cr3
        },
        ...(to === undefined ? {} : { to }),
      },
    ),
  )
}

/**
 * AR.3: another vCPU may have added a root since AR.2; otherwise this one does.
 * @param recheck, count for designs: whether it looks again, and the references of a new root.
 */
export function addRoot(level: (kvm: Kvm, v: number) => number, recheck = true, count = 2): Step<Kvm> {
  const found = (kvm: Kvm): boolean => recheck && valid_root(kvm) !== null
  return step<Kvm>(
    'AR.3',
    {
      ...about,
      c: { 'v6.9': ['list_for_each_entry(root,', 'list_add_rcu('] },
      shows: (kvm) =>
        found(kvm)
          ? `valid root: ${valid_root(kvm)}`
          : `list_add_rcu(new root), tdp_mmu_root_count = ${count}`,
      fused: 'All of it is under tdp_mmu_pages_lock, which every change of the list takes.',
    },
    [
      { when: found, does: (kvm, v) => take(kvm, v, valid_root(kvm) as number) },
      {
        does: (kvm, v) => {
          const root = tdp_mmu_alloc_sp(kvm, 0, level(kvm, v), 'tdp_mmu_roots')
          kvm.page[root].root_count = count
          kvm.vcpu[v].fault.child = root
        },
      },
    ],
  )
}

function take(kvm: Kvm, v: number, root: number): void {
  kvm_tdp_mmu_get_root(kvm, root)
  kvm.vcpu[v].fault.child = root
}
