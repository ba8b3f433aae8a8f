import { type Kernel, offsetIn, roleOf } from './kernel.ts'
import type { TraceEvent } from './line.ts'
import { ENTRY } from './pt-census.ts'

const PAGE_SIZE = 4096
const ENTRIES = 512

interface Page {
  readonly sp: number
  /** Address of its table. */
  readonly spt: number
  readonly level: number
  /** Addresses of the SPTEs that point to it. */
  readonly parents: Set<number>
}

/** Which shadow page points to which, as the log tells it. */
export class PtLinks {
  readonly #kernel: Kernel
  /** Pages by the address of their struct, of their table, and of the head of their list of parents. */
  readonly #pages = new Map<number, Page>()
  readonly #tables = new Map<number, Page>()
  readonly #heads = new Map<number, Page>()
  /** The page that an SPTE points to, by the address of the SPTE. */
  readonly #children = new Map<number, Page>()
  /** Virtual address of physical address 0; null until an event shows an SPTE by both. */
  #directMap: number | null = null

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** @param sptep the address of the SPTE that the thread has written last. */
  push(event: TraceEvent, sptep: number | null): void {
    switch (event.name) {
      case 'get_sp':
        if (!this.#pages.has(event.sp)) this.#add(event.sp, event.spt, event.role)
        break
      case 'kmem_cache_free':
        this.#free(event.ptr)
        break
      case 'kvm_mmu_set_spte':
        if (sptep !== null && event.at !== null && sptep % PAGE_SIZE === event.at % PAGE_SIZE)
          this.#directMap ??= sptep - event.at
        break
      case 'pte_list_add': {
        const page = this.#heads.get(event.head)
        if (page === undefined) break
        page.parents.add(event.spte)
        this.#children.set(event.spte, page)
        break
      }
      case 'pte_list_remove': {
        const page = this.#heads.get(event.head)
        if (page === undefined) break
        page.parents.delete(event.spte)
        this.#children.delete(event.spte)
        break
      }
    }
  }

  /** How many SPTEs point to a page. */
  parentsOf(sp: number): number {
    return this.#pages.get(sp)?.parents.size ?? 0
  }

  /** The page whose list of parents has this head. */
  ofHead(head: number): number | null {
    return this.#heads.get(head)?.sp ?? null
  }

  /** Whether a walk from a root can come to a page. */
  reaches(root: number | null, sp: number): boolean {
    const top = this.#root(root)
    const page = this.#pages.get(sp)
    if (top === undefined || page === undefined) return false
    const leads = (to: Page): boolean =>
      to === top || [...to.parents].some((spte) => this.#leadsFrom(spte, leads))
    return leads(page)
  }

  /** The page of level 1 that translates an address below a root, and the index of the entry; null without one. */
  walk(root: number | null, gva: number): { readonly sp: number; readonly index: number } | null {
    let page = this.#root(root)
    while (page !== undefined && page.level > 1)
      page = this.#children.get(page.spt + ENTRY * indexAt(gva, page.level))
    return page === undefined ? null : { sp: page.sp, index: indexAt(gva, 1) }
  }

  #leadsFrom(spte: number, leads: (page: Page) => boolean): boolean {
    const parent = this.#tables.get(spte - (spte % PAGE_SIZE))
    return parent !== undefined && leads(parent)
  }

  #root(hpa: number | null): Page | undefined {
    return hpa === null || this.#directMap === null ? undefined : this.#tables.get(hpa + this.#directMap)
  }

  #add(sp: number, spt: number, role: number): void {
    const page: Page = { sp, spt, level: roleOf(this.#kernel, role).level, parents: new Set() }
    this.#pages.set(sp, page)
    this.#tables.set(spt, page)
    this.#heads.set(sp + offsetIn(this.#kernel, 'page.parent_ptes'), page)
  }

  #free(sp: number): void {
    const page = this.#pages.get(sp)
    if (page === undefined) return
    this.#pages.delete(sp)
    this.#tables.delete(page.spt)
    this.#heads.delete(sp + offsetIn(this.#kernel, 'page.parent_ptes'))
  }
}

const indexAt = (gva: number, level: number): number =>
  Math.floor(gva / (PAGE_SIZE * ENTRIES ** (level - 1))) % ENTRIES
