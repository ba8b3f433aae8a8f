import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'
import { usable_tlb } from '../shadow/mappings.ts'

export const sharedPageIsNotWritable: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'shared-page-is-not-writable',
  aliases: [],
  title: 'No SPTE, and no TLB entry that a vCPU can use, maps a page writable that another process shares.',
  when: 'always',
  reference: 'fault->map_writable, FOLL_WRITE in hva_to_pfn()',
  consequence: 'The guest writes to the memory of another process.',
  judgedWhere: ({ notifier }: Bounds) => notifier.cow.length > 0,
  given: (kvm) => !kvm.shared_hva.isEmpty(),
  holds: (kvm, at) => {
    const is_shared = (pfn: number | null): boolean =>
      kvm.shared_hva.elements().some((hva) => kvm.host_pte[hva] === pfn)
    const written = (entry: { readonly pfn: number | null; readonly w: boolean }): boolean =>
      entry.w && is_shared(entry.pfn)
    return (
      !all(kvm.page).some((page) =>
        all(kvm.page[page].spte).some((index) => written(kvm.page[page].spte[index])),
      ) && !all(kvm.vcpu).some((v) => usable_tlb(kvm, at, v).some(written))
    )
  },
}
