import { type Block, block, type Step, step } from '../language/program.ts'
import type { Kvm } from '../memory/kvm.ts'
import { is_obsolete_sp } from '../memory/shadow-page.ts'
import type { ObsoleteTest } from './free-obsolete-roots.ts'
import { write_lock, write_unlock } from './lock.ts'

const about = { fn: 'direct_page_fault', since: 'v5.16..v6.16' }

/** The slow page fault, as far as roots matter: lock, is the root stale, install (shadow-mmu.md 5.1, 5.3). */
export function pageFault(): Block<Kvm> {
  return block('PF', [
    write_lock('PF.11', 'vcpu', about),
    staleCheck(),
    step(
      'PF.14',
      { ...about, shows: (kvm, v) => `install SPTE below root ${kvm.vcpu[v].root}` },
      {
        does: (kvm, v) => {
          kvm.page[kvm.vcpu[v].root as number].spte = true
        },
      },
    ),
    write_unlock('PF.15', about, 'RUN.1'),
  ])
}

/**
 * PF.12: `is_page_fault_stale()`, its root half; the notifier half has nothing to look at here. A stale
 * fault is retried by entering the guest again, so that pending requests are serviced first.
 */
export function staleCheck(obsolete: ObsoleteTest = is_obsolete_sp): Step<Kvm> {
  const stale = (kvm: Kvm, v: number): boolean => obsolete(kvm, kvm.vcpu[v].root as number)
  return step(
    'PF.12',
    {
      fn: 'is_page_fault_stale',
      since: 'v5.16..v6.16',
      shows: (kvm, v) => `is_page_fault_stale(root ${kvm.vcpu[v].root}) = ${stale(kvm, v)}`,
    },
    [{ when: stale, to: 'PF.15' }, {}],
  )
}
