import { z } from 'zod'
import { choice, count, id, list } from '../option-kinds.ts'

/** Memslots that change. */
export const memslotsOptions = z.strictObject({
  /** Memslots that can change; 0: all frames are in one slot that never changes. */
  slots: count.default(0),
  /** The memslot of each guest frame; null: a slot that never changes. */
  of: list(id.nullable()).default([]),
  /** How often slot 0 is deleted (0 or 1), which makes SRCU part of the model. */
  deletes: z.int().min(0).max(1).default(0),
  /** How often slot 0 is created (0 or 1); it does not exist initially. */
  creates: z.int().min(0).max(1).default(0),
  /** How often the memory of slot 0 is moved to the frames of slot 1 (0 or 1), which does not exist initially. */
  moves: z.int().min(0).max(1).default(0),
  /** Accesses to a frame without a slot install MMIO SPTEs, tagged with the memslot generation. */
  mmio: choice.default(false),
  /** How many generations an MMIO SPTE can hold (2^19 in the kernel); 0: they never wrap. */
  generations: count.default(0),
  /** Bits of the generation that hold the address space; 1: there are two, and the scenario models SMM's. */
  addressSpaceBits: z.union([z.literal(0), z.literal(1)]).default(0),
  /** The deleted slot is zapped page by page (kvm_mmu_zap_memslot()) instead of everything. */
  preciseZap: choice.default(false),
})
