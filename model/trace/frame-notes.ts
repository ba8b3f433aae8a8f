import type { EventOf, TraceEvent } from './line.ts'
import type { Decision } from './table.ts'

/** Whether a VM-exit was a fault on the frame. */
export interface FrameExit extends Decision {
  isFault: boolean
}

/** Whose part a thread plays while it holds mmu_lock for write. */
export type FrameRole = 'fault' | 'start' | 'end' | 'elsewhere'

/** A section of one thread in which it holds mmu_lock for write. */
export interface FrameSection extends Decision {
  readonly role: FrameRole
  /** How many invalidations of the same thread were in progress when this one began: they can be nested. */
  readonly depth: number
  /** Of the start of an invalidation: its range contains the frame. Known when the section ends. */
  isOfFrame: boolean
  /** Ranges that it has unmapped so far. */
  ranges: number
  /** An SPTE of the frame was zapped, so that the flush is of concern. */
  zapped: boolean
  /** Of a fault: the page is to be mapped, and an SPTE of the frame was added. */
  maps: boolean
  added: boolean
}

interface ThreadNotes {
  vcpu: number | null
  exit: FrameExit | null
  /** The frame that the thread handles a fault on is the slice's. */
  onFrame: boolean
  /** The page was found, and the lock is taken next. */
  hasPage: boolean
  section: FrameSection | null
  /** Invalidations between their start and their end. */
  invalidations: number
}

const OF_ITS_VCPU: ReadonlySet<string> = new Set([
  'vcpu_run',
  'kvm_entry',
  'kvm_exit',
  'faultin',
  'stale_chk',
])
const START = /invalidate_range_start|handle_hva_range/
const END = /invalidate_range_end|handle_hva_range/

/** What slice "one frame" notes of a log: faults on the frame, invalidations, and the SPTEs that map it. */
export class FrameNotes {
  readonly #gfn: number
  readonly #threads = new Map<number, ThreadNotes>()
  /** The SPTEs of the frame, by address. */
  readonly #sptes = new Set<number>()
  /** Threads between the begin of a notifier's callback and its lock section. */
  readonly #callbacks = new Map<number, 'start' | 'end'>()
  /** A memslot update is under way: faults may meet an invalid slot. */
  slotChanges = false
  isOver = false

  constructor(gfn: number) {
    this.#gfn = gfn
  }

  of({ tid }: { readonly tid: number }): ThreadNotes {
    let notes = this.#threads.get(tid)
    if (notes === undefined) {
      notes = { vcpu: null, exit: null, onFrame: false, hasPage: false, section: null, invalidations: 0 }
      this.#threads.set(tid, notes)
    }
    return notes
  }

  /** How many SPTEs map the frame. */
  get sptes(): number {
    return this.#sptes.size
  }

  isSpte(address: number): boolean {
    return this.#sptes.has(address)
  }

  isFrame(gfn: number): boolean {
    return gfn === this.#gfn
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
        notes.onFrame = false
        notes.hasPage = false
        break
      case 'vcpu_run':
        decide(notes, false)
        break
      case 'faultin':
        notes.onFrame = this.isFrame(event.gfn)
        notes.hasPage = false
        decide(notes, notes.onFrame)
        break
      case 'faultin_ret':
        notes.hasPage = event.ret === 0
        break
      case 'mn_start':
        this.#callbacks.set(event.tid, 'start')
        break
      case 'mn_end':
        this.#callbacks.set(event.tid, 'end')
        break
      case 'set_memslot':
        this.slotChanges = true
        break
      case 'set_memslot_ret':
        this.slotChanges = false
        break
      case 'wlock_acq':
        notes.section = this.#section(event, notes)
        break
      case 'unmap_gfn_range':
        if (notes.section !== null && event.start <= this.#gfn && this.#gfn < event.end)
          notes.section.isOfFrame = true
        break
      case 'stale_ret':
        if (notes.section?.role === 'fault') notes.section.maps = event.ret === 0
        break
      case 'wunlock':
        if (notes.section !== null) notes.section.isMade = true
        break
    }
  }

  /** Notes what no longer holds after an event, or not yet at it. */
  after(event: TraceEvent): void {
    const notes = this.of(event)
    const { section } = notes
    switch (event.name) {
      case 'unmap_gfn_range':
        if (section !== null) section.ranges++
        break
      case 'rmap_add':
        if (!this.isFrame(event.gfn)) break
        this.#sptes.add(event.spte)
        if (section !== null) section.added = true
        break
      case 'spte_clear':
        if (this.#sptes.delete(event.sptep) && section?.isOfFrame === true) section.zapped = true
        break
      case 'wunlock':
        if (section?.role === 'start') notes.invalidations++
        if (section?.role === 'end') notes.invalidations--
        notes.section = null
        break
    }
  }

  #section({ fn, tid }: EventOf<'wlock_acq'>, notes: ThreadNotes): FrameSection {
    const callback = this.#callbacks.get(tid)
    const role =
      callback === 'start' && START.test(fn)
        ? 'start'
        : callback === 'end' && END.test(fn)
          ? 'end'
          : fn.endsWith('_page_fault') && notes.onFrame && notes.hasPage
            ? 'fault'
            : 'elsewhere'
    if (role === 'start' || role === 'end') this.#callbacks.delete(tid)
    return {
      isMade: role !== 'start',
      role,
      depth: notes.invalidations - (role === 'end' ? 1 : 0),
      isOfFrame: false,
      ranges: 0,
      zapped: false,
      maps: false,
      added: false,
    }
  }
}

function decide({ exit }: ThreadNotes, isFault: boolean): void {
  if (exit === null || exit.isMade) return
  exit.isMade = true
  exit.isFault = isFault
}
