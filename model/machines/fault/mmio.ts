import { type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, tags_mmio } from '../../memory/bounds.ts'
import { fault_index, fault_spte, forget_fault, target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { index_at } from '../../memory/primitives/guest-memory.ts'
import { root_level, root_page } from '../../memory/roots/mmu.ts'
import { clear_spte } from '../../memory/shadow/shadow-page.ts'
import { finish_instruction } from '../../memory/vcpu/instruction.ts'
import { REENTER } from '../hand-over.ts'

const since: ReadIn = 'v3.11..v7.2'

/** Whether a frame never has a memslot: it is MMIO. */
export function is_mmio(gfn: number, bounds: Bounds): boolean {
  return gfn >= bounds.guest.gfns - bounds.guest.mmioGfns
}

/** Whether some frame has no memslot, at some time. */
export function has_mmio(bounds: Bounds): boolean {
  return bounds.guest.mmioGfns > 0 || tags_mmio(bounds)
}

/** `check_mmio_spte()`: the generation is that of the installed memslots, and no update is in progress. */
export function check_mmio_spte(kvm: Kvm, gen: number): boolean {
  return gen === kvm.memslots.generation && !kvm.memslots.update_in_progress
}

/**
 * PF.1: a fault with the reserved bit set met an MMIO SPTE: if its generation is the current one, the access
 * is emulated at once.
 */
export function mmioSpte(bounds: Bounds, fresh = check_mmio_spte): Step<Kvm> {
  const found = (kvm: Kvm, v: number): boolean => {
    if (kvm.vcpu[v].dummy_root) return false
    let page = root_page(kvm, v, bounds)
    for (let level = root_level(kvm, v, bounds); ; level--) {
      const { kind, child, gen } = kvm.page[page].spte[index_at(kvm.vcpu[v].gva, level, bounds.guest.entries)]
      if (kind !== 'non-leaf') return kind === 'mmio' && fresh(kvm, gen)
      page = child as number
    }
  }
  return step(
    'PF.1',
    {
      fn: 'handle_mmio_page_fault',
      since,
      c: 'check_mmio_spte(',
      shows: (kvm, v) => `MMIO SPTE is current = ${found(kvm, v)}`,
      fused:
        'A lockless walk: an SPTE on the way is cleared only by this vCPU, or by a thread that then flushes and waits. The generation and its flag are one word.',
    },
    [
      {
        when: found,
        does: (kvm, v) => {
          finish_instruction(kvm, v)
          forget_fault(kvm, v)
        },
        to: REENTER,
      },
      {},
    ],
  )
}

/**
 * SET.1: a frame without a memslot gets an MMIO SPTE, which is on no rmap. A previous mapping is dropped first
 * since v7.0 (aad885e77496), and was before v5.13 (a54aa15c6bda); the flush for it comes after the store (SET.5).
 */
export function setMmioSpte(bounds: Bounds): Step<Kvm> {
  return step(
    'SET.1',
    {
      fn: 'mark_mmio_spte',
      since,
      c: 'mmu_spte_set(',
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
          entry.gen = kvm.memslots.generation
          entry.gfn = target_gfn(kvm, v)
        },
        to: 'SET.5',
      },
      {},
    ],
  )
}
