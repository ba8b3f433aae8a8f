import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

const guestPteWrite = z
  .strictObject({
    gva: id.describe('The guest virtual page through which it goes.'),
    index: id.describe('The entry that is written.'),
    to: id.nullable().describe('The frame that the entry then points at; null: not present.'),
    w: choice.describe('Whether the entry is then writable.'),
    emulatedInto: id
      .exactOptional()
      .describe(
        'The store does not go through `gva`: KVM emulates it, into this table frame, whatever maps the frame. The vCPU is in another address space, as L1 is when it writes a table that its nested guest uses.',
      ),
    by: id.exactOptional().describe('The vCPU that makes it; default: any.'),
  })
  .describe('A guest PTE write: through address `gva`, entry `index` := (to, w).')

export type GuestPteWrite = z.output<typeof guestPteWrite>

export const guestOptions = z
  .strictObject({
    gfns: count
      .default(2)
      .describe(
        'Guest frames; the first `tables` of them hold page tables, the first `pgds` of those page directories.',
      ),
    tables: count
      .default(1)
      .describe('Table frames. A scenario does not set this: it is the number of its initial tables.'),
    entries: count
      .default(1)
      .describe(
        'Entries of a guest or shadow table (512 in hardware). Not set either: the size of the initial tables.',
      ),
    pgds: count.default(1).describe('Page directories, the values that CR3 can have.'),
    gvas: count
      .default(1)
      .describe(
        'Guest virtual pages; the digits of the number, base `entries`, index the tables from the top.',
      ),
    mmioGfns: count
      .default(0)
      .describe('Number of frames, the last ones, that have no memslot: accesses to them are MMIO.'),
    huge: choice.default(false).describe('Guest entries of level 2 can map huge pages.'),
    reads: list(id).exactOptional().describe('Which addresses guests read and flush; default all.'),
    dataWrites: choice.default(false).describe('The guest writes to its data frames.'),
    writes: list(id).exactOptional().describe('Through which addresses it writes to them; default all.'),
    dirtyPtes: choice
      .default(false)
      .describe(
        'Every guest PTE has D set, those that the guest stores too, so that reads map writable what the PTEs let the guest write. Otherwise a PTE is clean until the guest writes through it.',
      ),
    pairs: choice
      .default(false)
      .describe(
        'Every read instruction accesses address 0 and then the last address; after an exit it starts again.',
      ),
    edits: list(guestPteWrite).default([]).describe('The guest PTE writes that may occur.'),
    editsLeft: count.default(0).describe('How many of them each guest makes.'),
    cr3Loads: count.default(0).describe('How many CR3 loads the guest on each vCPU makes.'),
    invlpgs: count.default(0).describe('How many INVLPG instructions the guest on each vCPU executes.'),
    paeToggles: count.default(0).describe('How often the guest changes CR4.PAE.'),
    wpToggles: count.default(0).describe('How often the guest changes CR0.WP, which is set at the start.'),
  })
  .describe('The guest: its memory, its page tables and what it does.')

export const nestedOptions = z
  .strictObject({
    mmus: z
      .union([z.literal(1), z.literal(2)])
      .default(1)
      .describe(
        'MMUs per vCPU: root_mmu only, or also guest_mmu (TDP is on: direct roots for L1, shadows for L2).',
      ),
    guestMode: choice
      .default(false)
      .describe('L2 runs throughout, so that all shadow pages have role.guest_mode.'),
    runs: count.default(0).describe('How often L1 runs L2.'),
  })
  .describe('Nested virtualization.')

export const asidOptions = z
  .strictObject({
    runs: count
      .default(0)
      .describe('How often each of two vCPUs of different VMs runs on the CPU; 0: there are none.'),
    hotplugs: count.default(0).describe('How often the CPU goes offline and comes back.'),
  })
  .describe('SVM: tags of TLB entries (ASIDs) of one CPU that has a single one.')

export const postedInterruptOptions = z
  .strictObject({
    sends: z.int().min(0).max(2).default(0).describe('How many interrupts are posted, each with its vector.'),
    syncs: count.default(0).describe('How often the vCPU looks for them.'),
  })
  .describe('VMX: posted interrupts.')

export const paravirtualFlushOptions = z
  .strictObject({
    accesses: count
      .default(0)
      .describe('How many accesses KVM emulates for the vCPU that is flushed; 0: none.'),
    preemptions: count.default(0).describe('How often its thread is preempted.'),
    flushes: count.default(0).describe('How often the guest on the other vCPU changes the PTE and flushes.'),
  })
  .describe('The paravirtual TLB flush (KVM_FEATURE_PV_TLB_FLUSH).')
