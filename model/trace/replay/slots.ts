import { Disagreement } from '../errors.ts'
import type { EventOf } from '../line.ts'
import { Renaming } from '../renaming.ts'
import type { ReplayThread, Scene } from './scene.ts'

/** kvm_mr_change. */
const CREATE = 0
const DELETE = 1
const MOVE = 2

/** Memslots and mmu notifiers: what decides which SPTEs may exist. */
export class SlotTable {
  readonly #scene: Scene
  readonly #ids: Renaming
  #update: { old: number; new: number; change: number; swaps: number } | null = null
  /** The memslots that a swap is to install, while notifiers may hold it back. */
  #installing = false
  /** Notifiers by their number in the log. */
  readonly #notifiers: Renaming
  #begun = 0
  readonly #numbers: number[] = []
  /** For each notifier: its range has frames of the VM, so that its end takes mmu_lock. */
  readonly #hasFrames: boolean[] = []

  constructor(scene: Scene) {
    this.#scene = scene
    this.#ids = new Renaming(scene.room.slots)
    this.#notifiers = new Renaming(scene.room.notifiers)
    // The zap of all pages that the last memslot update made is complete: none was made yet.
    if (scene.kvm.memslot.length > 0) scene.kvm.memslot[0].left = 1
  }

  /** The slot that a frame is in, as an event of the frame says. */
  isIn(gfn: number, slot: number): void {
    const id = this.#ids.get(slot)
    if (id !== null) this.#scene.kvm.slot_of_gfn[gfn] = id
  }

  begin(event: EventOf<'set_memslot'>): void {
    const thread = this.#scene.thread(event)
    thread.updatesSlots = true
    this.#update = { old: event.old, new: event.new, change: event.change, swaps: 0 }
    if (event.old !== 0) this.#ids.idOf(event.old)
  }

  /** `kvm_swap_active_memslots()`: the new set is installed before its grace period, once no notifier is active. */
  swap(): void {
    if (this.#update === null) return
    this.#update.swaps++
    this.#installing = true
    this.#tryInstall(false)
  }

  /** Whether it is past the wait for notifiers: then the set is installed. */
  graced(): void {
    this.#tryInstall(true)
  }

  returned(thread: ReplayThread): void {
    this.#tryInstall(true)
    thread.updatesSlots = false
    this.#update = null
    this.#scene.at.memslot[0] = 'idle'
    this.#scene.stage.took(null)
  }

  /** A grace period has ended. */
  waited(thread: ReplayThread): void {
    const { at, stage } = this.#scene
    if (this.#update === null || !thread.updatesSlots) return
    const flagged = this.#update.change === DELETE || this.#update.change === MOVE
    if (flagged && this.#update.swaps === 1) at.memslot[0] = 'SL.5'
    stage.took(null)
  }

  freed(event: EventOf<'free_memslot'>): void {
    const id = this.#ids.get(event.slot)
    if (id === null) return
    this.#scene.kvm.slot[id].arrays = 'freed'
    this.#ids.release(event.slot)
    this.#scene.stage.took(null)
  }

  #tryInstall(late: boolean): void {
    if (!this.#installing || this.#update === null) return
    const { kvm, stage, at } = this.#scene
    if (!late && kvm.mn_active_invalidate_count > 0) return
    this.#installing = false
    const { old, change, swaps } = this.#update
    const path =
      change === CREATE
        ? 'SC.2'
        : change === DELETE || change === MOVE
          ? swaps === 1
            ? 'SL.2'
            : 'SL.6'
          : 'DE.2'
    const before = this.#ids.get(old)
    if (change === CREATE) this.#add(this.#update.new)
    else if (before !== null && (change === DELETE || change === MOVE)) {
      kvm.slot[before].installed = swaps === 1 ? 'invalid' : 'gone'
      if (change === MOVE && swaps > 1) this.#add(this.#update.new)
    } else this.#ids.rename(old, this.#update.new)
    if (swaps > 1) at.memslot[0] = 'SL.2'
    stage.took({ kind: 'memslot', self: 0, path })
  }

  #add(slot: number): void {
    const { kvm } = this.#scene
    const id = this.#ids.idOf(slot)
    if (id === null) return
    // Frames whose slot is gone may be in the new one: they are in none that is known, until an event says so.
    for (let gfn = 0; gfn < kvm.slot_of_gfn.length; gfn++) {
      const of = kvm.slot_of_gfn[gfn]
      if (of !== null && (of === id || kvm.slot[of].arrays === 'freed')) kvm.slot_of_gfn[gfn] = null
    }
    kvm.slot[id].installed = 'valid'
    kvm.slot[id].arrays = 'allocated'
  }

  /** `kvm_mmu_notifier_invalidate_range_start()` begins. */
  notify(event: EventOf<'mn_start'>, thread: ReplayThread): void {
    const number = this.#begun++
    const n = this.#notifiers.idOf(number)
    if (n === null) throw new Disagreement(event, 'more notifiers run than the first pass counted')
    thread.notifiers.push(n)
    this.#numbers[n] = number
    this.#hasFrames[n] = false
    this.#scene.at.notifier[n] = 'NS.1'
    this.#scene.stage.took(null)
  }

  /** It has counted itself by now. */
  counted(thread: ReplayThread): void {
    const { at, kvm } = this.#scene
    const n = current(thread)
    if (n < 0 || at.notifier[n] !== 'NS.1') return
    kvm.mn_active_invalidate_count++
    at.notifier[n] = 'NS.7'
    this.#scene.stage.took(null)
  }

  /** `kvm_unmap_gfn_range()`: the first range of a notifier begins the invalidation. */
  unmap(event: EventOf<'unmap_gfn_range'>, thread: ReplayThread): void {
    const { kvm, stage } = this.#scene
    const n = current(thread)
    if (n < 0) return
    const { mmu_invalidate } = kvm
    if (!this.#hasFrames[n]) {
      this.#hasFrames[n] = true
      mmu_invalidate.in_progress++
      stage.took(null)
    }
    if (event.inprog !== mmu_invalidate.in_progress)
      throw new Disagreement(event, `inprog=${event.inprog}, and ${mmu_invalidate.in_progress} is replayed`)
    mmu_invalidate.range.add(this.#scene.room.frames.other)
    for (const [gfn, id] of this.#scene.room.frames.gfns) {
      if (gfn < event.start || gfn >= event.end) continue
      mmu_invalidate.range.add(id)
      kvm.notifier[n].gfn ??= id
    }
    this.#scene.step(thread, 'NS.5')
  }

  /** Its section of mmu_lock ends: the frames are unmapped. */
  unmapped(thread: ReplayThread): void {
    const n = current(thread)
    if (n >= 0 && this.#hasFrames[n] && this.#scene.at.notifier[n] === 'NS.7')
      this.#scene.kvm.notifier[n].unmapped = true
  }

  /** `kvm_mmu_invalidate_end()` */
  ended(event: EventOf<'inv_end'>, thread: ReplayThread): void {
    const { kvm, stage } = this.#scene
    const n = current(thread)
    if (n < 0) return
    const { mmu_invalidate } = kvm
    if (event.inprog !== mmu_invalidate.in_progress)
      throw new Disagreement(event, `inprog=${event.inprog}, and ${mmu_invalidate.in_progress} is replayed`)
    mmu_invalidate.in_progress--
    kvm.notifier[n].unmapped = false
    kvm.notifier[n].gfn = null
    this.#scene.step(thread, 'NE.1 count')
    if (mmu_invalidate.in_progress === 0) mmu_invalidate.range.clear()
    stage.took(null)
  }

  /** `kvm_mmu_notifier_invalidate_range_end()` begins: without frames of the VM there is nothing to end. */
  end(thread: ReplayThread): void {
    const n = current(thread)
    if (n < 0) return
    this.#scene.at.notifier[n] = 'NE.1'
    if (!this.#hasFrames[n]) this.left(thread)
  }

  /** It has counted itself out. */
  left(thread: ReplayThread): void {
    const { kvm, at, stage } = this.#scene
    const n = current(thread)
    if (n < 0 || at.notifier[n] !== 'NE.1') return
    kvm.mn_active_invalidate_count--
    at.notifier[n] = 'idle'
    this.#notifiers.release(this.#numbers[n])
    thread.notifiers.pop()
    stage.took(null)
    this.#tryInstall(false)
  }
}

/** The innermost notifier of a thread, -1 for none. */
const current = ({ notifiers }: ReplayThread): number => notifiers.at(-1) ?? -1
