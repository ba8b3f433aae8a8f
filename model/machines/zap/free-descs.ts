import { type Step, step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { free_desc } from '../../memory/shadow/rmap.ts'

/** Frees the descriptors of rmaps that have become empty, except those of frames for which `keeps` is true. */
export function freeDescs(name: string, keeps: (kvm: Kvm, gfn: number) => boolean = () => false): Step<Kvm> {
  return step(
    name,
    {
      fn: 'pte_list_desc_remove_entry',
      since: 'v2.6.20..v7.2',
      c: 'mmu_free_pte_list_desc(',
      shows: 'free the descriptors of empty chains',
    },
    {
      does: (kvm) => {
        for (let gfn = 0; gfn < kvm.rmap.length; gfn++) if (!keeps(kvm, gfn)) free_desc(kvm, gfn)
      },
    },
  )
}
