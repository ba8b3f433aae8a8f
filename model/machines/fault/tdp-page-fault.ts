import { type Block, block, inFunction, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { forget_fault, target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { index_at } from '../../memory/primitives/guest-memory.ts'
import type { Spte } from '../../memory/shadow/fields.ts'
import { REENTER, TDP_PAGE_FAULT } from '../hand-over.ts'
import { readLock } from '../primitives/lock.ts'
import { may_unsync, unsyncPages } from '../shadow/unsync-pages.ts'
import { endPrefetch, faultinPfnOrQueue } from './async-page-fault.ts'
import { faultinPfn } from './fault-host-page.ts'
import { is_root_stale } from './page-fault.ts'

const since: ReadIn = 'v5.16..v7.2'
const about = { fn: 'kvm_tdp_mmu_page_fault', since }
const map = { fn: 'tdp_mmu_map_handle_target_level', since }

/**
 * A page fault of L1 with TDP: the address is guest-physical, no guest tables are walked, and mmu_lock is held for
 * read, so that vCPUs fault concurrently. The direct root has one level here. SPTEs of the TDP MMU are on no rmap.
 */
export function tdpPageFault(bounds: Bounds): Block<Kvm> {
  const index = (kvm: Kvm, v: number): number => index_at(kvm.vcpu[v].gva, 1, bounds.guest.entries)
  const entry = (kvm: Kvm, v: number): Spte => kvm.page[kvm.vcpu[v].root as number].spte[index(kvm, v)]
  const writes = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].guest === 'write'
  const allowed = (kvm: Kvm, v: number): boolean => {
    const { kind, w } = entry(kvm, v)
    return kind === 'leaf' && (w || !writes(kvm, v))
  }
  // The SPTE is writable whenever the host page is, for reads as well, unless the frame must stay write-protected.
  const writable = (kvm: Kvm, v: number): boolean => writes(kvm, v) || may_unsync(kvm, v)
  const stale = (kvm: Kvm, v: number): boolean => is_root_stale(kvm, v)
  const end = (kvm: Kvm, v: number): void => {
    kvm.mmu_lock_readers.delete(v)
    forget_fault(kvm, v)
  }
  return block(
    TDP_PAGE_FAULT,
    [
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
      bounds.asyncPf.on ? faultinPfnOrQueue('P7') : faultinPfn(bounds, 'P7'),
      readLock('P8', about),
      step(
        'P9',
        {
          fn: 'is_page_fault_stale',
          since,
          c: 'is_obsolete_sp(',
          shows: (kvm, v) => `stale = ${stale(kvm, v)}`,
        },
        [{ when: stale, to: 'P13' }, {}],
      ),
      ...inFunction(
        map.fn,
        step<Kvm>(
          'P10',
          {
            ...map,
            c: 'make_spte(',
            shows: (kvm, v) =>
              allowed(kvm, v)
                ? 'the SPTE allows the access: RET_PF_SPURIOUS'
                : `make_spte(gfn ${target_gfn(kvm, v)}, ${writable(kvm, v) ? 'W' : 'R'})`,
          },
          [{ when: allowed, to: 'P13' }, { when: (kvm, v) => !writable(kvm, v), to: 'P12' }, {}],
        ),
        ...unsyncPages(),
        step<Kvm>(
          'P12',
          {
            fn: 'tdp_mmu_set_spte_atomic',
            since,
            c: { 'v6.1': 'try_cmpxchg64(', 'v6.12': '__tdp_mmu_set_spte_atomic(' },
            shows: (kvm, v) =>
              `page ${kvm.vcpu[v].root}.spte[${index(kvm, v)}] = pfn ${kvm.vcpu[v].fault.pfn}, ${writable(kvm, v) ? 'W' : 'R'}`,
            fused:
              'A cmpxchg; it fails if another vCPU has set the same SPTE meanwhile, and the guest retries the access in either case.',
          },
          {
            does: (kvm, v) => {
              const spte = entry(kvm, v)
              spte.kind = 'leaf'
              spte.gfn = target_gfn(kvm, v)
              spte.pfn = kvm.vcpu[v].fault.pfn
              if (!writable(kvm, v)) return
              spte.w = true
              spte.mmuw = true
            },
          },
        ),
      ),
      step('P13', { ...about, c: 'read_unlock(', shows: 'read_unlock(&kvm->mmu_lock)' }, [
        ...when(bounds.asyncPf.on, ...endPrefetch(end)),
        { does: end, to: REENTER },
      ]),
    ],
    { fn: about.fn },
  )
}
