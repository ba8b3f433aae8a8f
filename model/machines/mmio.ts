import { type Step, step } from '../language/program.ts'
import type { Bounds } from '../memory/bounds.ts'
import { index_at } from '../memory/guest-memory.ts'
import type { Kvm } from '../memory/kvm.ts'
import { root_level, root_page } from '../memory/mmu.ts'
import { clear_spte } from '../memory/shadow-page.ts'
import { finish_instruction } from '../memory/vcpu.ts'
import { fault_index, fault_spte } from './fetch.ts'
import { forget_fault, target_gfn } from './page-fault.ts'

const since = 'v3.11..v6.16'

/** No memslot holds the frame: it is a device's. */
export function is_mmio(gfn: number, bounds: Bounds): boolean {
  return gfn >= bounds.gfns - bounds.mmioGfns
}

/**
 * PF.1: a fault with the reserved bit set met an MMIO SPTE: the access is emulated at once. The generation
 * is not compared here, as no memslot changes.
 */
export function mmioSpte(bounds: Bounds): Step<Kvm> {
  const found = (kvm: Kvm, v: number): boolean => {
    let page = root_page(kvm, v, bounds)
    for (let level = root_level(kvm, v, bounds); ; level--) {
      const { kind, child } = kvm.page[page].spte[index_at(kvm.vcpu[v].gva, level, bounds.entries)]
      if (kind !== 'link') return kind === 'mmio'
      page = child as number
    }
  }
  return step(
    'PF.1',
    {
      fn: 'handle_mmio_page_fault',
      since,
      shows: (kvm, v) => `is_mmio_spte() = ${found(kvm, v)}`,
      fused:
        'A walk without lock; each entry on the way is only left by this vCPU or under a flush with wait.',
    },
    [
      {
        when: found,
        does: (kvm, v) => {
          finish_instruction(kvm, v)
          forget_fault(kvm, v)
        },
        to: 'RUN.1',
      },
      {},
    ],
  )
}

/**
 * SET.1: a frame without memslot gets an MMIO SPTE, which is on no rmap. What was mapped before is dropped
 * first since v7.0 (aad885e77496).
 */
export function setMmioSpte(bounds: Bounds): Step<Kvm> {
  return step(
    'SET.1',
    {
      fn: 'mark_mmio_spte',
      since,
      shows: (kvm, v) => {
        const { sp, pfn } = kvm.vcpu[v].fault
        const at = `page ${sp}.spte[${fault_index(kvm, v, bounds)}]`
        return pfn === null ? `${at} = MMIO, gfn ${target_gfn(kvm, v)}` : 'the frame has a memslot'
      },
    },
    [
      {
        when: (kvm, v) => kvm.vcpu[v].fault.pfn === null,
        does: (kvm, v) => {
          const entry = fault_spte(kvm, v, bounds)
          clear_spte(entry)
          entry.kind = 'mmio'
        },
        to: 'PF.15',
      },
      {},
    ],
  )
}
