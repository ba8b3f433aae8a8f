import { type Kernel, roleOf } from './kernel.ts'
import type { TraceEvent } from './line.ts'

/** What the model of slice "one table" must have room for, to follow a log. */
export interface PtCensus {
  /** The frame of the guest page table. */
  readonly gfn: number
  /** The role word of its shadow page, as it is when the page is built. */
  readonly role: number
  /** The entry of the table that is distinguished from the others. */
  readonly index: number
  readonly vcpus: number
}

const PAGE_SIZE = 4096
/** Bytes of an entry. */
export const ENTRY = 8

/** Shadow pages of one frame and role. */
interface Table {
  readonly gfn: number
  readonly role: number
  pages: number
  /** How often each entry was set. */
  readonly entries: Map<number, number>
}

/** Whether a shadow page is of a guest page table: of level 1, with the entries of a guest behind it. */
export function isOfPageTable(kernel: Kernel, role: number): boolean {
  const { level, direct } = roleOf(kernel, role)
  return level === 1 && !direct
}

/** Takes the census in a first pass over a log, and finds the page table that tells most. */
export class PtCounter {
  readonly #kernel: Kernel
  readonly #tables = new Map<string, Table>()
  /** Tables by the address of their shadow page. */
  readonly #at = new Map<number, Table>()
  readonly #unsyncs = new Map<number, number>()
  #vcpus = 0
  #isOver = false

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  push(event: TraceEvent): void {
    if (this.#isOver) return
    switch (event.name) {
      case 'mn_release':
        this.#isOver = true
        break
      case 'vcpu_run':
        this.#vcpus = Math.max(this.#vcpus, event.vcpu + 1)
        break
      case 'get_sp': {
        if (!isOfPageTable(this.#kernel, event.role)) break
        const key = `${event.gfn}/${event.role}`
        const table = this.#tables.get(key) ?? {
          gfn: event.gfn,
          role: event.role,
          pages: 0,
          entries: new Map<number, number>(),
        }
        table.pages++
        this.#tables.set(key, table)
        this.#at.set(event.spt, table)
        break
      }
      case 'kvm_mmu_unsync_page':
        this.#unsyncs.set(event.gfn, (this.#unsyncs.get(event.gfn) ?? 0) + 1)
        break
      case 'spte_update': {
        const index = event.sptep % PAGE_SIZE
        const entries = this.#at.get(event.sptep - index)?.entries
        entries?.set(index / ENTRY, (entries.get(index / ENTRY) ?? 0) + 1)
        break
      }
    }
  }

  /**
   * @param gfn the table; default: one that goes unsync often.
   * @returns in its place why there is nothing to follow, as a sentence.
   */
  census(gfn?: number): PtCensus | string {
    const tables = [...this.#tables.values()].filter((table) => gfn === undefined || table.gfn === gfn)
    const weight = ({ gfn, pages, entries }: Table): number =>
      1_000_000 * (this.#unsyncs.get(gfn) ?? 0) + 1000 * sum(entries) + pages
    const best = tables.sort((a, b) => weight(b) - weight(a))[0]
    if (best !== undefined) {
      const [index] = [...best.entries].sort(([, a], [, b]) => b - a)[0] ?? [0]
      return { gfn: best.gfn, role: best.role, index, vcpus: Math.max(1, this.#vcpus) }
    }
    if (gfn !== undefined) return `frame ${gfn.toString(16)} is no page table of level 1 that the log shadows`
    return 'the log has no shadow page of a page table: its guests have direct pages only'
  }
}

const sum = (counts: ReadonlyMap<number, number>): number => [...counts.values()].reduce((a, b) => a + b, 0)
