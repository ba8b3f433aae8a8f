import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

/** Memslots that change. */
export const memslotsOptions = z.strictObject({
  /** Memslots that can change; 0: one slot that nobody changes holds all frames. */
  slots: count.default(0),
  /** The memslot of each guest frame; null: a slot that nobody changes. */
  of: list(id.nullable()).default([]),
  /** How often slot 0 is deleted (0 or 1), which makes SRCU part of the model. */
  deletes: z.int().min(0).max(1).default(0),
  /** How often slot 0 is created (0 or 1); it is not there at the start. */
  creates: z.int().min(0).max(1).default(0),
  /** How often the memory of slot 0 is moved to the frames of slot 1 (0 or 1), which is not there at the start. */
  moves: z.int().min(0).max(1).default(0),
  /** Accesses to a frame whose slot has gone leave MMIO SPTEs, tagged with the generation of the memslots. */
  mmio: choice.default(false),
  /** How many generations an MMIO SPTE can tell apart (the real 2^19); 0: so many that they never wrap. */
  generations: count.default(0),
  /** Bits of the generation that say whose it is; with 1 there are two address spaces, and the scenario is about that of SMM. */
  addressSpaceBits: z.union([z.literal(0), z.literal(1)]).default(0),
  /** The deleted slot is zapped page by page (kvm_mmu_zap_memslot()) instead of everything. */
  preciseZap: choice.default(false),
})
