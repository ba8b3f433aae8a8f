import { type Entry, inFunction, type Step, step } from '../../language/program.ts'
import { Oops } from '../../language/property.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { RootZapper } from '../../memory/tdp/fields.ts'
import { kvm_tdp_mmu_get_root, next_root } from '../../memory/tdp/roots.ts'
import { MEMSLOT_THREAD } from '../../memory/tdp/threads.ts'
import { threadReadLock, threadReadUnlock } from '../primitives/lock.ts'
import { putRoot } from './put-root.ts'
import { zapRoot } from './zap-root.ts'

const since: ReadIn = 'v6.1..v7.2'
const about = { fn: 'kvm_tdp_mmu_zap_invalidated_roots', since }

const iter = (kvm: Kvm): RootZapper => kvm.memslot[0].tdp[0]

/**
 * ZF.3: `kvm_tdp_mmu_invalidate_roots()`, with mmu_lock held for write: valid roots are no longer used by vCPUs that load
 * one, and are to be zapped by this thread, which is given the reference of the TDP MMU.
 * @param sets_invalid false in a design that only schedules them.
 */
export function invalidateRoots(sets_invalid = true): Step<Kvm> {
  return step(
    'ZF.3',
    {
      fn: 'kvm_tdp_mmu_invalidate_roots',
      since,
      c: {
        'v6.1': { fn: 'kvm_tdp_mmu_invalidate_all_roots', at: 'root->role.invalid = true' },
        'v7.2': 'root->role.invalid = true',
      },
      shows: 'root->role.invalid = true, scheduled to be zapped',
      fused:
        'All roots at once: at most one is valid, and only `invalid` is read without mmu_lock. The other flag is read by this thread.',
    },
    {
      does: (kvm) => {
        for (let p = 0; p < kvm.page.length; p++) {
          const sp = kvm.page[p]
          if (sp.list !== 'tdp_mmu_roots' || sp.role_invalid) continue
          sp.tdp_mmu_scheduled_root_to_zap = true
          sp.role_invalid = sets_invalid
        }
      },
    },
  )
}

/**
 * ZI: `kvm_tdp_mmu_zap_invalidated_roots()`, after mmu_lock was dropped: under the read lock, every scheduled root is
 * zapped and the reference of the TDP MMU put. The walk has a separate reference to the root that it is at, so that
 * the lock can be dropped, and puts it when it has one to the next.
 */
export function zapInvalidatedRoots(bounds: Bounds, to?: string): Entry<Kvm>[] {
  return inFunction(
    about.fn,
    threadReadLock('ZI.1', MEMSLOT_THREAD, about),
    step<Kvm>(
      'ZI.2',
      {
        fn: 'tdp_mmu_next_root',
        since,
        c: { 'v6.1': 'kvm_tdp_mmu_get_root(' },
        shows: (kvm) => `next root: ${next_root(kvm, iter(kvm).root) ?? 'none'}`,
        fused:
          'Roots are skipped if invalid by what is read under mmu_lock, and if their count is 0, which it stays. The list is read under RCU.',
      },
      {
        does: (kvm) => {
          const it = iter(kvm)
          const next = next_root(kvm, it.root)
          it.prev_root = it.root
          it.root = next
          if (next !== null) kvm_tdp_mmu_get_root(kvm, next)
        },
      },
    ),
    step<Kvm>(
      'ZI.2 prev',
      { fn: 'tdp_mmu_next_root', since, c: { none: 'model' }, shows: 'prev_root', quiet: true },
      [{ when: (kvm) => iter(kvm).prev_root === null, to: 'ZI.3' }, {}],
    ),
    ...inFunction<Kvm>(
      'tdp_mmu_next_root',
      putRoot('ZI.2 put', {
        root: (kvm) => iter(kvm).prev_root as number,
        forget: (kvm) => {
          iter(kvm).prev_root = null
        },
      }),
    ),
    step<Kvm>(
      'ZI.3',
      {
        ...about,
        c: 'root->tdp_mmu_scheduled_root_to_zap = false',
        shows: (kvm) => {
          const { root } = iter(kvm)
          if (root === null) return 'end of tdp_mmu_roots'
          return `page ${root}: scheduled = ${kvm.page[root].tdp_mmu_scheduled_root_to_zap}`
        },
      },
      [
        { when: (kvm) => iter(kvm).root === null, to: 'ZI.7' },
        { when: (kvm) => !scheduled(kvm), to: 'ZI.2' },
        { does: unschedule },
      ],
    ),
    zapRoot('ZI.4', bounds),
    putRoot('ZI.5', { root: (kvm) => iter(kvm).root as number, forget: () => {} }),
    step<Kvm>('ZI.6', { ...about, c: { none: 'model' }, shows: 'next root', quiet: true }, { to: 'ZI.2' }),
    threadReadUnlock('ZI.7', MEMSLOT_THREAD, about, to),
  )
}

const scheduled = (kvm: Kvm): boolean => kvm.page[iter(kvm).root as number].tdp_mmu_scheduled_root_to_zap

/** The flag is cleared. @throws Oops if the root is valid, which bugs the VM. */
function unschedule(kvm: Kvm): void {
  const root = iter(kvm).root as number
  kvm.page[root].tdp_mmu_scheduled_root_to_zap = false
  if (!kvm.page[root].role_invalid)
    throw new Oops('kvm-tdp-mmu-zap-invalidated-roots-finds-an-invalid-root', `page ${root} is valid`)
}
