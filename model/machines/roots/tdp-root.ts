import { block, type Entry, inFunction, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { CURRENT, loaded_root_name, root_is_valid } from '../../memory/roots/mmu.ts'
import { flush_tlb } from '../../memory/vcpu/tlb.ts'
import { ENTER_GUEST_MODE, HANDLE_TLB_FLUSH, REENTER, RELOAD_MMU } from '../hand-over.ts'
import { readLock } from '../primitives/lock.ts'
import { allocRoot } from '../tdp/alloc-root.ts'
import { putRoot } from '../tdp/put-root.ts'
import { requestAndTests } from './free-obsolete-roots.ts'

const since: ReadIn = 'v6.1..v7.2'
const free = { fn: 'kvm_mmu_free_roots', since } as const
const freeUnderReadLock = { ...free, since: 'v6.9..v7.2' } as const
const load = { fn: 'kvm_mmu_load', since } as const

/** RUN.1 of a vCPU that has only a root of the TDP MMU: it is put with mmu_lock held for read (v6.9). */
export function freeObsoleteTdpRoot(bounds: Bounds): Entry<Kvm>[] {
  return [block(REENTER, requestAndTests(bounds, HANDLE_TLB_FLUSH, 'vcpu_enter_guest', freeTdpRoot()))]
}

/** FR: `kvm_mmu_free_roots()` of the current root. */
function freeTdpRoot(): Entry<Kvm>[] {
  const frees = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].roots_to_free.has(CURRENT)
  return inFunction(
    free.fn,
    step<Kvm>(
      'FR.1',
      {
        ...free,
        c: 'roots_to_free & KVM_MMU_ROOT_CURRENT',
        shows: (kvm, v) => `roots_to_free = { ${frees(kvm, v) ? 'current' : ''} }`,
      },
      [{ when: (kvm, v) => !frees(kvm, v), to: 'FR.end' }, {}],
    ),
    readLock('FR.2', freeUnderReadLock),
    putRoot('FR.3', {
      root: (kvm, v) => kvm.vcpu[v].root as number,
      forget: (kvm, v) => {
        kvm.vcpu[v].root = null
        kvm.vcpu[v].roots_to_free.clear()
      },
    }),
    step<Kvm>(
      'FR.5',
      { ...freeUnderReadLock, c: 'read_unlock(', shows: 'read_unlock(&kvm->mmu_lock)' },
      { does: (kvm, v) => kvm.mmu_lock_readers.delete(v) },
    ),
    step('FR.end', { ...free, c: { none: 'model' }, shows: 'return', quiet: true }),
  )
}

/** RUN.5 of such a vCPU: `kvm_mmu_reload()`. */
export function loadTdpRoot(bounds: Bounds): Entry<Kvm>[] {
  return inFunction(
    'vcpu_enter_guest',
    ...inFunction(
      'kvm_mmu_reload',
      step<Kvm>(
        RELOAD_MMU,
        {
          fn: 'kvm_mmu_reload',
          since: 'v5.18..v7.2',
          c: 'root.hpa != INVALID_PAGE',
          shows: loaded_root_name,
          quiet: root_is_valid,
        },
        [{ when: root_is_valid, to: ENTER_GUEST_MODE }, {}],
      ),
      ...inFunction(
        load.fn,
        ...inFunction('mmu_alloc_direct_roots', ...allocRoot(() => bounds.shadow.levels)),
        flushTlbCurrent(),
      ),
    ),
  )
}

/** LOAD.7: what the TLB has cached below the root from an earlier use, or below a freed one, is dropped. */
function flushTlbCurrent() {
  return step<Kvm>(
    'LOAD.7',
    {
      ...load,
      c: { 'v6.1': 'kvm_x86_flush_tlb_current', 'v6.12': 'flush_tlb_current' },
      shows: 'flush the TLB of this CPU',
    },
    { does: (kvm, v) => flush_tlb(kvm, v) },
  )
}
