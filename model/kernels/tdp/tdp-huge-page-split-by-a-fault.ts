import { insert, type Patch } from '../../language/patch.ts'
import { type Entry, step } from '../../language/program.ts'
import { END_OF_TDP_FAULT } from '../../machines/fault/tdp-map.ts'
import { makeAllCpusRequest } from '../../machines/primitives/make-request.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { fault_index, fault_spte } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { clear_spte } from '../../memory/shadow/shadow-page.ts'
import { copy_spte, same_spte } from '../../memory/tdp/spte.ts'
import type { Difference } from '../difference.ts'

const zap = { fn: 'tdp_mmu_zap_spte_atomic', since: '..v6.1' } as const

/** Freezes a huge SPTE, flushes, clears it, and reads it again: an empty table takes its place. */
function zapped(bounds: Bounds): readonly Patch<Kvm>[] {
  if (!bounds.tdp.huge) return []
  const old = (kvm: Kvm, v: number) => kvm.vcpu[v].fault.old_spte[0]
  const entry = (kvm: Kvm, v: number) => fault_spte(kvm, v, bounds)
  const at = (kvm: Kvm, v: number): string =>
    `page ${kvm.vcpu[v].fault.sp}.spte[${fault_index(kvm, v, bounds)}]`
  const steps: Entry<Kvm>[] = [
    step(
      'P11 freeze',
      {
        ...zap,
        c: 'tdp_mmu_set_spte_atomic(',
        shows: (kvm, v) => `${at(kvm, v)}: try_cmpxchg64(huge page, REMOVED)`,
      },
      [
        { when: (kvm, v) => old(kvm, v).kind !== 'leaf', to: 'P11' },
        { when: (kvm, v) => !same_spte(entry(kvm, v), old(kvm, v)), to: END_OF_TDP_FAULT },
        {
          does: (kvm, v) => {
            clear_spte(entry(kvm, v))
            entry(kvm, v).kind = 'frozen'
            clear_spte(old(kvm, v))
          },
        },
      ],
    ),
    makeAllCpusRequest('P11 flush', 'TLB_FLUSH', bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
    step(
      'P11 unfreeze',
      { ...zap, c: '__kvm_tdp_mmu_write_spte(', shows: (kvm, v) => `${at(kvm, v)} = 0` },
      { does: (kvm, v) => clear_spte(entry(kvm, v)) },
    ),
    step(
      'P11 read',
      {
        fn: 'kvm_tdp_mmu_map',
        since: '..v6.1',
        c: 'kvm_tdp_mmu_read_spte(',
        shows: (kvm, v) => `read the entry again: ${entry(kvm, v).kind}`,
      },
      [
        { when: (kvm, v) => entry(kvm, v).kind === 'non-leaf', to: 'WALK.2' },
        { when: (kvm, v) => entry(kvm, v).kind !== 'none', to: END_OF_TDP_FAULT },
        { does: (kvm, v) => copy_spte(entry(kvm, v), old(kvm, v)) },
      ],
    ),
  ]
  return [insert({ before: 'P11' }, ...steps)]
}

export const tdpHugePageSplitByAFault: Difference = {
  id: 'tdp-huge-page-split-by-a-fault',
  title: 'replace a huge page by a table with the same mappings in a TDP fault',
  // Not in 6.1, in 6.12; the mainline version in between was not read.
  since: 'v6.12',
  function: 'kvm_tdp_mmu_map',
  about:
    'In 6.1 the huge page is zapped first: its SPTE is frozen while the TLBs are flushed, and then cleared, so that other faults find no mapping for a while.',
  before: zapped,
}
