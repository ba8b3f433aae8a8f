import { type Kernel, roleOf } from './kernel.ts'
import type { EventOf, TraceEvent } from './line.ts'

/** What the model of slice "roots" must have room for, to follow a log. */
export interface RootsCensus {
  /**
   * The frames of root tables, in the order of their first use; their places are their numbers in the model. Of direct
   * roots, which have none, the first is frame 0.
   */
  readonly pgds: readonly number[]
  /** The vCPU that a thread runs, by the id of the thread. */
  readonly vcpuOf: ReadonlyMap<number, number>
  /** Number of the first page directory of each vCPU. */
  readonly cr3: readonly number[]
  /** Largest number of root pages at a time, zapped ones that are still referenced included. */
  readonly pages: number
  /** Whether the guest changes CR0.WP. */
  readonly wpToggles: boolean
  /** Whether L1 has direct roots: TDP is on. */
  readonly direct: boolean
  /** Whether L1 runs L2, on a second MMU: the first page directory is then that of L1. */
  readonly nested: boolean
}

/** Takes the census in a first pass over a log. */
export class RootsCounter {
  readonly #kernel: Kernel
  readonly #pgds: number[] = []
  /** First page directory by vCPU, and the vCPU by thread. */
  readonly #first = new Map<number, number>()
  readonly #vcpus = new Map<number, number>()
  readonly #live = new Set<number>()
  #most = 0
  #wpToggles = false
  #direct = false
  #indirect = false
  #isOver = false

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  push(event: TraceEvent): void {
    if (this.#isOver) return
    if (event.name === 'mn_release') this.#isOver = true
    else if (event.name === 'vcpu_run' || event.name === 'mmu_load') this.#vcpus.set(event.tid, event.vcpu)
    else if (event.name === 'kvm_exit' && event.reason.includes('cr0')) this.#wpToggles = true
    else if (event.name === 'get_sp' && event.fn === 'mmu_alloc_root') this.#root(event)
    else if (event.name === 'kmem_cache_free') this.#live.delete(event.ptr)
    else if (event.name === 'new_pgd' && event.pgd !== null && this.#vcpus.has(event.tid))
      this.#pgd(event.pgd / 4096, event.role)
  }

  get census(): RootsCensus {
    const vcpus = Math.max(0, ...this.#vcpus.values()) + 1
    const cr3 = Array.from({ length: vcpus }, (_, v) => this.#pgds.indexOf(this.#first.get(v) ?? -1))
    return {
      pgds: this.#pgds,
      vcpuOf: this.#vcpus,
      cr3: cr3.map((pgd) => Math.max(0, pgd)),
      pages: this.#most,
      wpToggles: this.#wpToggles,
      direct: this.#direct,
      nested: this.#direct && this.#indirect,
    }
  }

  #pgd(gfn: number, role: number): void {
    if (!roleOf(this.#kernel, role).direct && !this.#pgds.includes(gfn)) this.#pgds.push(gfn)
  }

  #root({ tid, sp, gfn, role }: EventOf<'get_sp'>): void {
    const { direct } = roleOf(this.#kernel, role)
    if (direct && !this.#direct) this.#pgds.unshift(gfn)
    this.#pgd(gfn, role)
    this.#live.add(sp)
    this.#most = Math.max(this.#most, this.#live.size)
    const v = this.#vcpus.get(tid)
    if (v !== undefined && !this.#first.has(v)) this.#first.set(v, gfn)
    if (direct) this.#direct = true
    else this.#indirect = true
  }
}
