import type { TraceEvent } from './line.ts'

/** What the model of slice "one slot" must have room for, to follow a log. */
export interface SlotCensus {
  /** The address of the slot's struct, when it is created. */
  readonly slot: number
  /** The frames in it that an event names. */
  readonly gfns: ReadonlySet<number>
  readonly vcpus: number
  /** Invalidations that are counted at a time, at most. */
  readonly notifiers: number
  /** The slot is there at the begin of the log. */
  readonly isThere: boolean
  /** The TDP MMU is on. */
  readonly tdpMmu: boolean
}

/** kvm_mr_change. */
export const CHANGE = { create: 0, delete: 1, move: 2 } as const

interface Slot {
  readonly address: number
  readonly gfns: Set<number>
  readonly isThere: boolean
  deletes: number
}

/** Takes the census in a first pass over a log, and finds the slot that tells most. */
export class SlotCounter {
  /** Slots by address; a change of flags gives a slot another address. */
  readonly #slots = new Map<number, Slot>()
  #vcpus = 0
  readonly #notifiers = new Set<number>()
  #active = 0
  #tdpMmu = false
  #most = 0
  #isOver = false

  push(event: TraceEvent): void {
    if (this.#isOver) return
    switch (event.name) {
      case 'mn_release':
        this.#isOver = true
        break
      case 'vcpu_run':
        this.#vcpus = Math.max(this.#vcpus, event.vcpu + 1)
        break
      case 'mn_start':
        this.#notifiers.add(event.tid)
        this.#most = Math.max(this.#most, ++this.#active)
        break
      case 'tdp_get_root':
      case 'kvm_tdp_mmu_spte_changed':
        this.#tdpMmu = true
        break
      case 'mn_end':
        this.#active--
        break
      case 'set_memslot': {
        if (event.change === CHANGE.create) this.#slot(event.new, false)
        const old = event.old === 0 ? undefined : this.#slot(event.old, true)
        if (old === undefined) break
        if (event.change === CHANGE.delete || event.change === CHANGE.move) old.deletes++
        else this.#slots.set(event.new, old)
        break
      }
      case 'rmap_add':
      case 'mark_dirty':
        this.#slot(event.slot, true).gfns.add(event.gfn)
        break
    }
  }

  /** @returns in its place why there is nothing to follow, as a sentence. */
  census(): SlotCensus | string {
    const slots = [...new Set(this.#slots.values())].sort(
      (a, b) => b.deletes - a.deletes || b.gfns.size - a.gfns.size,
    )
    if (slots.length === 0) return 'no memslot of the log is created, changed or used'
    const [{ address, gfns, isThere }] = slots
    // Each thread may count an invalidation of which the log has printed the end already.
    const notifiers = this.#most + this.#notifiers.size
    const vcpus = Math.max(1, this.#vcpus)
    return { slot: address, gfns, isThere, vcpus, notifiers, tdpMmu: this.#tdpMmu }
  }

  #slot(address: number, isThere: boolean): Slot {
    const slot = this.#slots.get(address) ?? { address, gfns: new Set<number>(), isThere, deletes: 0 }
    this.#slots.set(address, slot)
    return slot
  }
}
