import { Fault } from '../language/property.ts'
import { array, flag, oneOf, range, ref, setOf, struct } from '../language/shapes.ts'
import { type Bounds, last_generation, tags_mmio } from './bounds.ts'
import type { Kvm } from './kvm.ts'
import { optional } from './optional.ts'
import type { Sorts } from './sorts.ts'
import { requester } from './vcpu.ts'

/**
 * A memslot (shadow-mmu.md 2.4, 6.4). `published` is what the current set of slots says of it: usable,
 * flagged KVM_MEMSLOT_INVALID (still found by everybody), or no longer there. Its arrays (rmaps, write
 * tracking, large-page counts) outlive the publication until nobody can hold a pointer to them.
 */
export const memslot = () =>
  struct({
    published: oneOf('valid', 'invalid', 'gone'),
    arrays: oneOf('allocated', 'freed'),
  })

/**
 * The generation of the current set of slots. While a set that was just published may still be unknown to a
 * reader, the update is in progress; MMIO SPTEs are tagged with the number, as much of it as they have room for.
 * With more than one address space its lowest bits are the number of the address space.
 */
export const memslots = (bounds: Bounds) =>
  struct({
    generation: range(0, last_generation(bounds)),
    update_in_progress: optional(tags_mmio(bounds), flag),
  })

/** Local variables of the thread that updates memslots and zaps for it. */
export const memslotThread = (sorts: Sorts, bounds: Bounds) =>
  struct({
    sp: ref(sorts.page),
    /** A page was zapped since mmu_lock was taken. */
    batch: flag,
    left: range(0, bounds.zapAlls + bounds.slotDeletes + bounds.slotCreates + bounds.slotMoves),
    /** The generation that the new set of memslots is going to have. */
    gen: optional(bounds.mmioGenerations > 0, range(0, last_generation(bounds))),
    req: requester(sorts),
    /** Precise zap and walks of rmaps: the frame in hand, the entry in hand, and the descriptor it is in. */
    gfn: optional(bounds.preciseZap || bounds.descs > 0, ref(sorts.gfn)),
    walked_sp: optional(bounds.descs > 0, ref(sorts.page)),
    walked_desc: ref(sorts.desc),
    /** A remote flush is owed. */
    flush: optional(bounds.preciseZap, flag),
    /** Local variable of __kvm_mmu_prepare_zap_page(): a root in use was zapped. */
    zapped_root: flag,
    /** synchronize_srcu(): the readers that were inside when it was called and have not left since. */
    vcpu_readers: setOf(sorts.reading_vcpu),
    notifier_readers: setOf(sorts.reading_notifier),
  })

/** The memslot of each frame (`gfn_to_memslot()`); null is a slot that nobody changes. */
export const slotOfGfn = (sorts: Sorts) => array(sorts.gfn, ref(sorts.slot))

/** The memslot that the memory of slot 0 is moved to, where it is: the kernel's `new` beside its `old`. */
export const MOVED = 1

/**
 * `gfn_to_hva()`: the page of user memory that a frame lies on, by the number of the frame that is on it at
 * first. Frames that a slot is moved to lie on the pages of the frames that it is moved from.
 */
export function gfn_to_hva(kvm: Kvm, gfn: number): number {
  return kvm.hva_of_gfn.length === 0 ? gfn : (kvm.hva_of_gfn[gfn] as number)
}

/** The frame that lies on a page of user memory, as the current set of memslots has it; null when none does. */
export function hva_to_gfn(kvm: Kvm, hva: number): number | null {
  for (let gfn = 0; gfn < kvm.slot_of_gfn.length; gfn++) {
    if (gfn_to_hva(kvm, gfn) === hva && slot_found(kvm, gfn) !== 'none') return gfn
  }
  return null
}

/** What `gfn_to_memslot()` finds for a frame in the current set: 'none' when its slot is gone. */
export function slot_found(kvm: Kvm, gfn: number): 'none' | 'valid' | 'invalid' {
  const slot = kvm.slot_of_gfn[gfn]
  if (slot === null) return 'valid'
  const { published } = kvm.slot[slot]
  return published === 'gone' ? 'none' : published
}

/** Uses the arrays of the slot that a frame lies in, through a pointer to the slot found earlier. */
export function use_slot_arrays(kvm: Kvm, gfn: number): void {
  const slot = kvm.slot_of_gfn[gfn]
  if (slot === null) return
  if (kvm.slot[slot].arrays === 'freed') {
    throw new Fault('no-use-after-free', `memslot ${slot} (gfn ${gfn}) is used after it was freed`)
  }
}

/** Looks the slot of a frame up in the current set and uses its arrays, as rmap_remove() does. */
export function look_up_and_use_slot(kvm: Kvm, gfn: number): void {
  const slot = kvm.slot_of_gfn[gfn]
  if (slot === null) return
  if (kvm.slot[slot].published === 'gone') {
    throw new Fault('no-use-after-free', `gfn_to_memslot(gfn ${gfn}) = NULL: memslot ${slot} is gone`)
  }
  use_slot_arrays(kvm, gfn)
}

/** `srcu_read_lock(&kvm->srcu)` of a vCPU. */
export function srcu_read_lock(kvm: Kvm, v: number): void {
  if (v < kvm.vcpu_in_srcu.length) kvm.vcpu_in_srcu[v] = true
}

/** `srcu_read_unlock(&kvm->srcu)` of a vCPU: nobody waits for it any more. */
export function srcu_read_unlock(kvm: Kvm, v: number): void {
  if (v >= kvm.vcpu_in_srcu.length) return
  kvm.vcpu_in_srcu[v] = false
  kvm.memslot[0].vcpu_readers.delete(v)
}

/** `srcu_read_lock(&kvm->srcu)` of a notifier. */
export function notifier_srcu_read_lock(kvm: Kvm, n: number): void {
  if (n < kvm.notifier_in_srcu.length) kvm.notifier_in_srcu[n] = true
}

/** `srcu_read_unlock(&kvm->srcu)` of a notifier. */
export function notifier_srcu_read_unlock(kvm: Kvm, n: number): void {
  if (n >= kvm.notifier_in_srcu.length) return
  kvm.notifier_in_srcu[n] = false
  kvm.memslot[0].notifier_readers.delete(n)
}
