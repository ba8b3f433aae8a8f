import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

/** A guest PTE write: through address `gva`, entry `index` := (to, w). */
const guestPteWrite = z.strictObject({
  gva: id,
  index: id,
  to: id.nullable(),
  w: choice,
  /**
   * The store does not go through `gva`: KVM emulates it, into this table frame, whatever maps the frame. The
   * vCPU is in another address space, as L1 is when it writes a table that its nested guest uses.
   */
  emulatedInto: id.exactOptional(),
  /** The vCPU that makes it; default: any. */
  by: id.exactOptional(),
})

export type GuestPteWrite = z.output<typeof guestPteWrite>

/** The guest: its memory, its page tables and what it does. */
export const guestOptions = z.strictObject({
  /** Guest frames; the first `tables` of them hold page tables, the first `pgds` of those page directories. */
  gfns: count.default(2),
  /** Table frames. A scenario does not set this: it is the number of its initial tables. */
  tables: count.default(1),
  /** Entries of a guest or shadow table (512 in hardware). Not set either: the size of the initial tables. */
  entries: count.default(1),
  pgds: count.default(1),
  /** Guest virtual pages; the digits of the number, base `entries`, index the tables from the top. */
  gvas: count.default(1),
  /** Number of frames, the last ones, that have no memslot: accesses to them are MMIO. */
  mmioGfns: count.default(0),
  /** Guest entries of level 2 can map huge pages. */
  huge: choice.default(false),
  /** Which addresses guests read and flush; default all. */
  reads: list(id).exactOptional(),
  /** The guest writes to its data frames. */
  dataWrites: choice.default(false),
  /** Through which addresses it writes to them; default all. */
  writes: list(id).exactOptional(),
  /** Every read instruction accesses address 0 and then the last address; after an exit it starts again. */
  pairs: choice.default(false),
  /** The guest PTE writes that may occur. */
  edits: list(guestPteWrite).default([]),
  /** How many of them each guest makes. */
  editsLeft: count.default(0),
  /** How many CR3 loads the guest on each vCPU makes. */
  cr3Loads: count.default(0),
  /** How many INVLPG instructions the guest on each vCPU executes. */
  invlpgs: count.default(0),
  /** How often the guest changes CR4.PAE. */
  paeToggles: count.default(0),
})

/** Nested virtualization. */
export const nestedOptions = z.strictObject({
  /** MMUs per vCPU: root_mmu only, or also guest_mmu (TDP is on: direct roots for L1, shadows for L2). */
  mmus: z.union([z.literal(1), z.literal(2)]).default(1),
  /** L2 runs throughout, so that all shadow pages have role.guest_mode. */
  guestMode: choice.default(false),
  /** How often L1 runs L2. */
  runs: count.default(0),
})
