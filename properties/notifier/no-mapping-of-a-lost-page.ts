import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'
import { may_walk_its_root, translation_below, usable_tlb, walked_root } from '../shadow/mappings.ts'

export const noMappingOfALostPage: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-mapping-of-a-lost-page',
  aliases: ['I-11', 'I13', 'I14'],
  title:
    'No SPTE that a vCPU may walk and no TLB entry that it can use maps a host page that no longer backs the VM.',
  when: 'always: the host may take the page once invalidate_range_start() has returned',
  reference: 'kvm_mmu_notifier_invalidate_range_start(): zap and flush before it returns',
  consequence: 'The guest reads and writes a page that belongs to another owner.',
  judgedWhere: ({ notifier }: Bounds) => notifier.threads > 0,
  given: (kvm) => all(kvm.host_page).some((p) => !is_mapped_by_host(kvm, p)),
  holds: (kvm, at) =>
    all(kvm.vcpu).every((v) => pages_reached(kvm, at, v).every((p) => is_mapped_by_host(kvm, p))),
}

function is_mapped_by_host(kvm: Kvm, page: number): boolean {
  return all(kvm.host_pte).some((gfn) => kvm.host_pte[gfn] === page)
}

/** The host pages that a vCPU can reach through its TLB or its root. */
function pages_reached(kvm: Kvm, at: Counters, v: number): number[] {
  const reached = usable_tlb(kvm, at, v).map(({ pfn }) => pfn)
  if (!may_walk_its_root(kvm, at, v)) return reached
  for (const gva of all(kvm.vcpu[v].tlb)) {
    const root = walked_root(kvm, at, v, gva)
    const found = root === null ? null : translation_below(kvm, root, gva)
    if (found !== null) reached.push(found.pfn)
  }
  return reached
}
