import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

/** A guest store to one of its page-table entries: through address `gva`, entry `index` := (to, w). */
const guestPteWrite = z.strictObject({
  gva: id,
  index: id,
  to: id.nullable(),
  w: choice,
  /**
   * The store does not go through `gva` but is emulated, into this table frame, whatever maps it: a vCPU in
   * another address space (L1, writing a table that its nested guest uses) whose instruction KVM emulates.
   */
  emulatedInto: id.exactOptional(),
  /** The vCPU that makes it; without, any. */
  by: id.exactOptional(),
})

export type GuestPteWrite = z.output<typeof guestPteWrite>

/** The guest: its memory, its page tables and what it does. */
export const guestOptions = z.strictObject({
  /** Guest frames; the first `tables` of them hold page tables, the first `pgds` of those page directories. */
  gfns: count.default(2),
  /** Table frames; those of the start of a scenario. */
  tables: count.default(1),
  /** Entries of a table, guest and shadow alike (the real 512); those of the start of a scenario. */
  entries: count.default(1),
  pgds: count.default(1),
  /** Guest virtual pages; the digits of the number, base `entries`, index the tables from the top. */
  gvas: count.default(1),
  /** The last so many frames have no memslot: accesses to them are MMIO. */
  mmioGfns: count.default(0),
  /** Guest entries of level 2 can map huge pages. */
  huge: choice.default(false),
  /** Which addresses guests read and flush; default all. */
  reads: list(id).exactOptional(),
  /** The guest writes to its data frames. */
  dataWrites: choice.default(false),
  /** Through which addresses; default all. */
  writes: list(id).exactOptional(),
  /** Every read accesses address 0 and then the last one, from the start again after each exit. */
  pairs: choice.default(false),
  /** The stores to page tables that a guest may make. */
  edits: list(guestPteWrite).default([]),
  /** How many of them each guest makes. */
  editsLeft: count.default(0),
  /** CR3 loads left to each vCPU's guest. */
  cr3Loads: count.default(0),
  /** INVLPG instructions left to each vCPU's guest. */
  invlpgs: count.default(0),
  /** How often the guest changes CR4.PAE. */
  paeToggles: count.default(0),
})

/** Nested virtualization. */
export const nestedOptions = z.strictObject({
  /** MMUs per vCPU: root_mmu only, or also guest_mmu (TDP is on: direct roots for L1, shadows for L2). */
  mmus: z.union([z.literal(1), z.literal(2)]).default(1),
  /** L2 runs all the time. All pages are then guest_mode ones. */
  guestMode: choice.default(false),
  /** How often L1 runs L2. */
  runs: count.default(0),
})
