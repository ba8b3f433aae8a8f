import type { TraceEvent } from './line.ts'

/** What the model of slice "one frame" must have room for, to follow a log. */
export interface FrameCensus {
  readonly gfn: number
  readonly vcpus: number
  /**
   * The threads that invalidate frames, by id; their places are the numbers of the model's notifiers. A thread is there as
   * often as its invalidations are nested.
   */
  readonly notifiers: readonly number[]
  /** Invalidations that end during one fault, at most. */
  readonly ends: number
}

/** Frames that an SPTE of level 2 maps. */
const PER_HUGE = 512

interface Fault {
  gfn: number
  ends: number
}

/** Takes the census in a first pass over a log, and finds the frame that tells most. */
export class FrameCounter {
  readonly #faults = new Map<number, number>()
  readonly #invalidations = new Map<number, number>()
  readonly #notifiers: number[] = []
  /** Invalidations in progress, by thread; and whether one is being started. */
  readonly #depths = new Map<number, number>()
  readonly #starting = new Set<number>()
  /** Frames that an SPTE above level 1 maps, by the number of 2 MiB. */
  readonly #huge = new Set<number>()
  readonly #running = new Map<number, Fault>()
  #vcpus = 0
  #ended = 0
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
        this.#running.delete(event.tid)
        break
      case 'faultin':
        this.#faults.set(event.gfn, (this.#faults.get(event.gfn) ?? 0) + 1)
        this.#running.set(event.tid, { gfn: event.gfn, ends: this.#ended })
        break
      case 'unmap_gfn_range':
        if (!this.#starting.has(event.tid)) this.#start(event.tid)
        for (const gfn of this.#faults.keys())
          if (event.start <= gfn && gfn < event.end)
            this.#invalidations.set(gfn, (this.#invalidations.get(gfn) ?? 0) + 1)
        break
      case 'kvm_mmu_set_spte':
        if (event.level > 1) this.#huge.add(Math.floor(event.gfn / PER_HUGE))
        break
      case 'wunlock':
        this.#starting.delete(event.tid)
        break
      case 'inv_end':
        this.#depths.set(event.tid, (this.#depths.get(event.tid) ?? 1) - 1)
        this.#ended++
        for (const { ends } of this.#running.values()) this.#most = Math.max(this.#most, this.#ended - ends)
        break
    }
  }

  /**
   * @param gfn the frame; default: one that is invalidated and faulted on often.
   * @returns in its place why there is nothing to follow, as a sentence.
   */
  census(gfn = this.#busiest()): FrameCensus | string {
    if (gfn === null) return 'the log has no fault on a frame that only SPTEs of level 1 map'
    if (!this.#faults.has(gfn)) return `no fault of the log is on frame ${gfn.toString(16)}`
    if (this.#isHuge(gfn))
      return `frame ${gfn.toString(16)} is mapped by huge SPTEs, which the slice leaves out`
    return { gfn, vcpus: Math.max(1, this.#vcpus), notifiers: this.#notifiers, ends: this.#most }
  }

  #start(tid: number): void {
    this.#starting.add(tid)
    const depth = (this.#depths.get(tid) ?? 0) + 1
    this.#depths.set(tid, depth)
    if (this.#notifiers.filter((other) => other === tid).length < depth) this.#notifiers.push(tid)
  }

  #isHuge(gfn: number): boolean {
    return this.#huge.has(Math.floor(gfn / PER_HUGE))
  }

  #busiest(): number | null {
    let best: number | null = null
    let most = -1
    for (const [gfn, faults] of this.#faults) {
      const weight = faults * (1 + 100 * (this.#invalidations.get(gfn) ?? 0))
      if (weight <= most || this.#isHuge(gfn)) continue
      best = gfn
      most = weight
    }
    return best
  }
}
