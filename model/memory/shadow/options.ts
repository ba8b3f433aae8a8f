import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

export const shadowOptions = z
  .strictObject({
    pages: z
      .int()
      .min(1)
      .max(16)
      .default(2)
      .describe('How many shadow pages there are; a freed page can be allocated again.'),
    levels: z
      .int()
      .min(1)
      .max(4)
      .default(1)
      .describe("Levels of the guest's page tables and of their shadows."),
    rootLevels: list(z.int().min(1).max(4))
      .default([])
      .describe('Level of the root for each page directory, where it is not `levels`.'),
    accessRoles: choice
      .default(false)
      .describe(
        'Model role.access of shadow pages and the D bit of guest PTEs, which together decide whether a read may map writable. For tables that are reached with different access.',
      ),
    choosesLevel: choice
      .default(false)
      .describe('KVM chooses the level at which it maps a huge page; otherwise it always maps small pages.'),
    withoutGptes: list(id)
      .default([])
      .describe(
        'Table frames whose shadow pages have no guest table behind them (direct pages, a passthrough root).',
      ),
    largeSptes: choice
      .default(false)
      .describe(
        'The initial state may contain level-2 leaf SPTEs of huge pages. Faults map small pages only.',
      ),
    syncBatch: count
      .default(0)
      .describe(
        'Pages that mmu_sync_children() syncs in one round, after which it may have to drop mmu_lock; 0: all, without a break. (15 in the kernel, less the tables on the way to them.)',
      ),
    descs: count
      .default(0)
      .describe('pte_list_desc objects, for scenarios in which one can be freed while a walk reads it.'),
    quota: count.default(0).describe('kvm->arch.n_max_mmu_pages; 0: no quota.'),
  })
  .describe('Shadow pages and their roles.')

/** A store by an instruction that KVM cannot emulate, through address `gva`, on vCPU `by`. */
const unemulatableStore = z.strictObject({
  gva: id.describe('The guest virtual page that is stored to.'),
  by: id.describe('The vCPU that makes it.'),
})

export type UnemulatableStore = z.output<typeof unemulatableStore>

export const unprotectOptions = z
  .strictObject({
    stores: list(unemulatableStore).default([]).describe('The stores that may occur.'),
    left: count.default(0).describe('How many of them each guest makes.'),
  })
  .describe('Unprotecting a table, for stores that KVM cannot emulate.')

export const writeTrackingOptions = z
  .strictObject({
    locklessWalks: choice
      .default(false)
      .describe('The fault path clears write-flooding counts in a walk without a lock.'),
    flooding: choice
      .default(false)
      .describe('A shadow page is zapped if its table is written repeatedly without being walked.'),
    hintHistory: choice
      .default(false)
      .describe('History: record that a thread acts on a wrong value of indirect_shadow_pages.'),
  })
  .describe('Lockless walks of shadow pages, and detection of write flooding.')

/** A store to entry `index` of the guest table in frame `table` that KVM never sees. */
const externalStore = z.strictObject({
  table: id.describe('The table frame.'),
  index: id.describe('The entry that is written.'),
  to: id.nullable().describe('The frame that the entry then points at; null: not present.'),
  huge: choice.describe('Whether the entry then maps a huge page.'),
})

export const externalWriterOptions = z
  .strictObject({
    stores: list(externalStore).default([]).describe('The stores that may occur.'),
    left: count.default(0).describe('How many of them are made.'),
  })
  .describe('Stores to guest tables that KVM never sees: by host userspace, or DMA.')
