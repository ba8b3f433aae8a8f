import type { EventOf, TraceEvent } from './line.ts'
import { CHANGE, type SlotCensus } from './slot-census.ts'
import type { Decision } from './table.ts'

/** Whether a VM-exit was a fault on the slot. */
export interface SlotExit extends Decision {
  isFault: boolean
}

/** An update of the memslots: of the slot or of another one. */
export interface SlotUpdate {
  readonly kind: 'delete' | 'create' | 'move here' | 'other'
  /** Publications so far. */
  swaps: number
  /** A publication waits for its grace period. */
  waits: boolean
}

interface ThreadNotes {
  vcpu: number | null
  exit: SlotExit | null
  /** The thread handles a fault on the slot. */
  onSlot: boolean
  update: SlotUpdate | null
}

const OF_ITS_VCPU: ReadonlySet<string> = new Set([
  'vcpu_run',
  'kvm_entry',
  'kvm_exit',
  'kvm_page_fault',
  'faultin',
  'stale_chk',
  'mmu_load',
  'sync_roots',
])

/** What slice "one slot" notes of a log: updates of the memslots, and faults on the slot. */
export class SlotNotes {
  readonly #gfns: ReadonlySet<number>
  readonly #threads = new Map<number, ThreadNotes>()
  #slot: number
  isOver = false

  constructor({ slot, gfns }: Pick<SlotCensus, 'slot' | 'gfns'>) {
    this.#slot = slot
    this.#gfns = gfns
  }

  of({ tid }: { readonly tid: number }): ThreadNotes {
    let notes = this.#threads.get(tid)
    if (notes === undefined) {
      notes = { vcpu: null, exit: null, onSlot: false, update: null }
      this.#threads.set(tid, notes)
    }
    return notes
  }

  isSlot(address: number): boolean {
    return address === this.#slot
  }

  /** Notes what the row of an event needs. */
  before(event: TraceEvent): void {
    const notes = this.of(event)
    if (OF_ITS_VCPU.has(event.name)) notes.vcpu = (event as EventOf<'vcpu_run'>).vcpu
    switch (event.name) {
      case 'mn_release':
        this.isOver = true
        break
      case 'kvm_exit':
        notes.exit = { isMade: false, isFault: false }
        notes.onSlot = false
        break
      case 'vcpu_run':
        decide(notes, false)
        break
      case 'faultin':
        notes.onSlot = this.#gfns.has(event.gfn) && notes.exit !== null && !notes.exit.isMade
        if (notes.onSlot) decide(notes, true)
        break
      case 'set_memslot':
        notes.update = { kind: this.#kindOf(event), swaps: 0, waits: false }
        break
      case 'swap_memslots':
        if (notes.update === null) break
        notes.update.swaps++
        notes.update.waits = true
        break
    }
  }

  /** Notes what no longer holds after an event, or not yet at it. */
  after(event: TraceEvent): void {
    const notes = this.of(event)
    switch (event.name) {
      case 'srcu_exp_ret':
        if (notes.update !== null) notes.update.waits = false
        break
      case 'set_memslot':
        // A change of flags replaces the struct.
        if (this.isSlot(event.old) && notes.update?.kind === 'other') this.#slot = event.new
        break
      case 'set_memslot_ret':
        notes.update = null
        break
    }
  }

  #kindOf({ old, new: created, change }: EventOf<'set_memslot'>): SlotUpdate['kind'] {
    if (this.isSlot(old) && (change === CHANGE.delete || change === CHANGE.move)) return 'delete'
    if (!this.isSlot(created)) return 'other'
    if (change === CHANGE.move) return 'move here'
    return change === CHANGE.create ? 'create' : 'other'
  }
}

function decide({ exit }: ThreadNotes, isFault: boolean): void {
  if (exit === null || exit.isMade) return
  exit.isMade = true
  exit.isFault = isFault
}
