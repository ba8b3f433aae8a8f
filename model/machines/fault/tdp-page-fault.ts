import { type Block, block, type Entry, inFunction, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, can_be_invalidated } from '../../memory/bounds.ts'
import { forget_fault } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { clear_spte } from '../../memory/shadow/shadow-page.ts'
import { rcu_read_unlock } from '../../memory/tdp/rcu.ts'
import { REENTER, TDP_PAGE_FAULT } from '../hand-over.ts'
import { readLock } from '../primitives/lock.ts'
import { endPrefetch, faultinPfnOrQueue } from './async-page-fault.ts'
import { faultinPfn, precheck, retryTest, snapshotSeq } from './fault-host-page.ts'
import { lookUpSlot, testSlot } from './fault-slot.ts'
import { has_mmio, mmioSpte } from './mmio.ts'
import { is_root_stale } from './page-fault.ts'
import { tdpFastPageFault } from './tdp-fast-page-fault.ts'
import { END_OF_TDP_FAULT, tdpMap } from './tdp-map.ts'

const since: ReadIn = 'v5.16..v7.2'
const about = { fn: 'kvm_tdp_mmu_page_fault', since }

/**
 * A page fault of L1 with TDP: the address is guest-physical, no guest tables are walked, and mmu_lock is held for
 * read, so that vCPUs fault concurrently. SPTEs of the TDP MMU are on no rmap. The steps of kvm_faultin_pfn() have the
 * names that they have in the fault of shadow paging.
 */
export function tdpPageFault(bounds: Bounds): Block<Kvm> {
  const stale = (kvm: Kvm, v: number): boolean => is_root_stale(kvm, v)
  const end = (kvm: Kvm, v: number): void => {
    rcu_read_unlock(kvm, v)
    kvm.mmu_lock_readers.delete(v)
    forget_fault(kvm, v)
    clear_spte(kvm.vcpu[v].fault.old_spte[0])
  }
  const faultin: Entry<Kvm>[] = [
    ...snapshotSeq(bounds),
    ...testSlot(bounds),
    ...precheck('PF.8 precheck', bounds),
    bounds.asyncPf.on ? faultinPfnOrQueue('P7') : faultinPfn(bounds, 'P7'),
    ...precheck('PF.10', bounds),
  ]
  return block(
    TDP_PAGE_FAULT,
    [
      ...when(has_mmio(bounds), mmioSpte(bounds)),
      step(
        'P1',
        { ...about, c: { none: 'model' }, shows: (kvm, v) => `fault->gfn = ${kvm.vcpu[v].gva}`, quiet: true },
        {
          does: (kvm, v) => {
            const { fault, gva } = kvm.vcpu[v]
            fault.gpte[0].to = gva
          },
        },
      ),
      ...lookUpSlot(bounds),
      ...when(bounds.fault.fast, tdpFastPageFault(bounds)),
      ...faultin,
      readLock('P8', about),
      step(
        'P9',
        {
          fn: 'is_page_fault_stale',
          since,
          c: 'is_obsolete_sp(',
          shows: (kvm, v) => `stale = ${stale(kvm, v)}`,
        },
        [{ when: stale, to: END_OF_TDP_FAULT }, {}],
      ),
      ...when(
        can_be_invalidated(bounds),
        ...inFunction('is_page_fault_stale', retryTest(undefined, END_OF_TDP_FAULT)),
      ),
      ...tdpMap(bounds),
      step(
        END_OF_TDP_FAULT,
        {
          ...about,
          c: 'read_unlock(',
          shows: 'rcu_read_unlock(); read_unlock(&kvm->mmu_lock)',
          fused: 'No page of the TDP MMU is used between the two.',
        },
        [...when(bounds.asyncPf.on, ...endPrefetch(end)), { does: end, to: REENTER }],
      ),
    ],
    { fn: about.fn },
  )
}
