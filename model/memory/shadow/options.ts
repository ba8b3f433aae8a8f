import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

/** Shadow pages and their roles. */
export const shadowOptions = z.strictObject({
  /** How many shadow pages there are; a freed page can be allocated again. */
  pages: z.int().min(1).max(16).default(2),
  /** Levels of the guest's page tables and of their shadows. */
  levels: z.int().min(1).max(4).default(1),
  /** Level of the root for each page directory, where it is not `levels`. */
  rootLevels: list(z.int().min(1).max(4)).default([]),
  /**
   * Model role.access of shadow pages and the D bit of guest PTEs, which together decide whether a read may map
   * writable. For tables that are reached with different access.
   */
  accessRoles: choice.default(false),
  /** KVM chooses the level at which it maps a huge page; otherwise it always maps small pages. */
  choosesLevel: choice.default(false),
  /** Table frames whose shadow pages have no guest table behind them (direct pages, a passthrough root). */
  withoutGptes: list(id).default([]),
  /** The initial state may contain level-2 leaf SPTEs of huge pages. Faults map small pages only. */
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

/** Lockless walks of shadow pages, and detection of write flooding. */
export const writeTrackingOptions = z.strictObject({
  /** The fault path clears write-flooding counts in a walk without a lock. */
  locklessWalks: choice.default(false),
  /** A shadow page is zapped if its table is written repeatedly without being walked. */
  flooding: choice.default(false),
  /** History: record that a thread acts on a wrong value of indirect_shadow_pages. */
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
