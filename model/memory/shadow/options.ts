import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

/** Shadow pages and their roles. */
export const shadowOptions = z.strictObject({
  /** Shadow pages in the pool; a freed page can be allocated again. */
  pages: z.int().min(1).max(16).default(2),
  /** Levels of the guest's page tables and of their shadows. */
  levels: z.int().min(1).max(4).default(1),
  /** Level of the root for each page directory, where it is not `levels`. */
  rootLevels: list(z.int().min(1).max(4)).default([]),
  /**
   * Guest tables are reached with different access, which is then part of the role of shadow pages, and the
   * dirty bit of guest entries decides with it what a read may map.
   */
  accessRoles: choice.default(false),
  /** KVM chooses at which level it maps huge pages; otherwise always small. */
  choosesLevel: choice.default(false),
  /** Table frames whose shadow pages have no guest table behind them (direct pages, a passthrough root). */
  withoutGptes: list(id).default([]),
  /** A huge page can be mapped by one SPTE of level 2 when the scenario begins. Faults map small pages only. */
  largeSptes: choice.default(false),
  /** pte_list_desc objects, for scenarios in which one can be freed while a walk reads it. */
  descs: count.default(0),
  /** kvm->arch.n_max_mmu_pages; 0: no quota. */
  quota: count.default(0),
})

/** A store by an instruction that KVM cannot emulate, through address `gva`, on vCPU `by`. */
const unemulatableStore = z.strictObject({ gva: id, by: id })

export type UnemulatableStore = z.output<typeof unemulatableStore>

/** Unprotecting a table, for stores that KVM cannot emulate. */
export const unprotectOptions = z.strictObject({
  stores: list(unemulatableStore).default([]),
  /** How many of them each guest makes. */
  left: count.default(0),
})

/** What is read of shadowed tables without mmu_lock, and write flooding. */
export const writeTrackingOptions = z.strictObject({
  /** The fault path clears the write-flooding counts, walking the shadow pages without a lock. */
  locklessWalks: choice.default(false),
  /** A page is zapped whose table is written to again and again. */
  flooding: choice.default(false),
  /** History: note that a wrong reading of indirect_shadow_pages was acted on. */
  hintHistory: choice.default(false),
})

/** A store to entry `index` of the guest table in frame `table` that KVM never sees. */
const externalStore = z.strictObject({ table: id, index: id, to: id.nullable(), huge: choice })

/** Stores to guest tables that KVM never sees: by host userspace, or DMA. */
export const externalWriterOptions = z.strictObject({
  stores: list(externalStore).default([]),
  /** How many of them are made. */
  left: count.default(0),
})
