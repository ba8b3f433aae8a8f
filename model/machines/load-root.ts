import { type Entry, step } from '../language/program.ts'
import type { Kvm } from '../memory/kvm.ts'
import { alloc_shadow_page, find_shadow_page, free_page_of_pool } from '../memory/shadow-page.ts'
import { write_lock, write_unlock } from './lock.ts'

const since = 'v5.18..v6.16'
const about = { fn: 'kvm_mmu_load', since }

/**
 * RUN.5: `kvm_mmu_reload()`; without a current root, find or build one for CR3 under mmu_lock and flush
 * what this CPU has cached (shadow-mmu.md 5.5). The quota is not modelled; an empty pool blocks here.
 */
export function loadRoot(): Entry<Kvm>[] {
  return [
    step(
      'RUN.5',
      { fn: 'kvm_mmu_reload', since, shows: (kvm, v) => `root.hpa = ${kvm.vcpu[v].root ?? 'INVALID_PAGE'}` },
      [{ when: (kvm, v) => kvm.vcpu[v].root !== null, to: 'RUN.6' }, {}],
    ),
    write_lock('LOAD.1', 'vcpu', about),
    step(
      'LOAD.3',
      {
        ...about,
        shows: (kvm, v) => `mmu_alloc_root(cr3 ${kvm.vcpu[v].cr3}) = ${rootFor(kvm, v) ?? 'no memory'}`,
        fused:
          'Look-up, allocation and root_count++ touch only what mmu_lock protects; the new root becomes visible to lock-free readers through this vCPU alone.',
      },
      {
        when: (kvm, v) => rootFor(kvm, v) !== null,
        does: (kvm, v) => {
          const found = find_shadow_page(kvm, kvm.vcpu[v].cr3)
          const page = rootFor(kvm, v) as number
          if (found === null) alloc_shadow_page(kvm, page, kvm.vcpu[v].cr3)
          kvm.page[page].root_count++
          kvm.vcpu[v].root = page
        },
      },
    ),
    write_unlock('LOAD.4', about),
    step(
      'LOAD.7',
      { ...about, shows: 'flush the TLB of this CPU' },
      {
        does: (kvm, v) => {
          kvm.vcpu[v].tlb = null
        },
      },
    ),
  ]
}

function rootFor(kvm: Kvm, v: number): number | null {
  return find_shadow_page(kvm, kvm.vcpu[v].cr3) ?? free_page_of_pool(kvm)
}
