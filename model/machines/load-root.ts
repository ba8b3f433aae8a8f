import { block, type Entry, step } from '../language/program.ts'
import { type Bounds, watched } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import { drain } from '../memory/store-buffer.ts'
import { flush_tlb } from '../memory/vcpu.ts'
import { getShadowPage } from './get-shadow-page.ts'
import { write_lock, write_unlock } from './lock.ts'
import { syncRoot } from './sync.ts'

const since = 'v5.18..v6.16'
const about = { fn: 'kvm_mmu_load', since }

/**
 * RUN.5: `kvm_mmu_reload()`; without a current root, find or build one for CR3 under mmu_lock and flush
 * what this CPU has cached (shadow-mmu.md 5.5). The quota is not modelled; an empty pool blocks here.
 */
export function loadRoot(bounds: Bounds): Entry<Kvm>[] {
  return [
    step(
      'RUN.5',
      {
        fn: 'kvm_mmu_reload',
        since,
        shows: (kvm, v) => `root.hpa = ${kvm.vcpu[v].root ?? 'INVALID_PAGE'}`,
        quiet: (kvm, v) => kvm.vcpu[v].root !== null,
      },
      [{ when: (kvm, v) => kvm.vcpu[v].root !== null, to: 'RUN.6' }, {}],
    ),
    write_lock('LOAD.1', 'vcpu', about),
    block(
      'LOAD.2',
      getShadowPage(bounds, {
        gfn: (kvm, v) => kvm.vcpu[v].cr3,
        level: () => bounds.levels,
        found: (kvm, v, page) => {
          kvm.vcpu[v].fault.child = page
        },
        page: (kvm, v) => kvm.vcpu[v].fault.child as number,
      }),
    ),
    step(
      'LOAD.3',
      {
        fn: 'mmu_alloc_root',
        since,
        shows: (kvm, v) => `root.hpa = page ${kvm.vcpu[v].fault.child}, root_count++`,
        fused: 'root_count is only looked at under mmu_lock; root.hpa belongs to this vCPU.',
      },
      {
        does: (kvm, v) => {
          drain(kvm, v)
          const page = kvm.vcpu[v].fault.child as number
          kvm.page[page].root_count++
          kvm.vcpu[v].root = page
          kvm.vcpu[v].fault.child = null
        },
      },
    ),
    write_unlock('LOAD.4', about),
    ...(watched(bounds) ? [block('LOAD.5', syncRoot(bounds))] : []),
    step(
      'LOAD.7',
      { ...about, shows: 'flush the TLB of this CPU' },
      {
        does: (kvm, v) => {
          flush_tlb(kvm, v)
        },
      },
    ),
  ]
}
